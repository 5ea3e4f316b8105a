"""The tool-call bench: its cases, its grades, and a run over a scripted server."""

import asyncio
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from samovar.bench import toolcalls, toolcalls_bfcl, toolcalls_report
from samovar.bench.toolcalls_cases import Case, Check, Expect, Grade, Step, grade, load
from samovar.core.tool import Call, Said
from samovar.models.dialects import schemas
from samovar.models.dialects.offered import Outline

CASES = Path(__file__).parents[2] / "bench" / "toolcalls"
READ = Outline(
    "read_file",
    "Reads.",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "start": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": False,
    },
)


def test_the_cases_are_as_many_as_promised_and_in_two_halves():
    cases, _ = load(CASES)
    single = [case for case in cases if not case.steps]
    assert (len(single), len(cases) - len(single)) == (74, 33)
    for half in ("dev", "held-out"):
        assert sum(case.half == half for case in single) >= 30
        assert sum(case.half == half for case in cases if case.steps) >= 12
    assert len({case.id for case in cases}) == len(cases)
    assert all(len(case.tools) <= 5 for case in cases)


def test_every_good_call_of_a_case_gets_the_best_grade():
    cases, tools = load(CASES)
    for case in cases:
        for step in case.asked:
            for expect in step.expect:
                assert expect.tool is None or expect.tool in case.tools
                assert set(expect.arguments) <= set(_properties(tools, expect.tool))
            if not step.call:
                continue
            said = Said("", (Call(str(step.expect[0].tool), step.call),))
            assert grade(said, step, case.offered(tools)) == Grade(True, True, True), case.id


def _properties(tools: dict[str, Outline], name: str | None) -> dict:
    return tools[name].parameters["properties"] if name else {"text": 0}


def test_the_examples_of_the_tools_fit_their_schemas():
    for tool in json.loads((CASES / "tools.json").read_bytes()):
        assert schemas.complaint(tool["example"], schemas.flat(tool["parameters"])) == ""


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (Said("", (Call("read_file", {"path": "./a.py", "start": 3}),)), Grade(True, True, True)),
        (Said("", (Call("read_file", {"path": "b.py", "start": 3}),)), Grade(True, True, False)),
        (Said("", (Call("read_file", {"path": "a.py"}),)), Grade(True, True, False)),
        (Said("", (Call("read_file", {"path": "a.py", "x": 3}),)), Grade(True, False, False)),
        (Said("", (Call("read_file", {"path": "a.py", "start": "3"}),)), Grade(True, False, False)),
        (Said("", (Call("search", {"path": "a.py"}),)), Grade(False, False, False)),
        (Said("a.py"), Grade(False, False, False)),
    ],
)
def test_a_call_is_graded_by_tool_validity_and_arguments(said: Said, wanted: Grade):
    checks = {"path": Check(exact="a.py"), "start": Check(regex="^3$")}
    assert grade(said, Step((Expect("read_file", checks),)), [READ]) == wanted


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (Said("Rome."), True),
        (Said(""), False),
        (Said("Rome.", (Call("read_file", {"path": "a"}),)), False),
        (Said('{"name": "read_file", "arguments": {"path": "Rome"}}'), False),
    ],
)
def test_an_answer_is_right_when_it_is_text_and_no_printed_call(said: Said, right: bool):
    step = Step((Expect(None, {"text": Check(contains=("Rome",))}),))
    assert grade(said, step, [READ]).right == right


def test_every_expectation_of_the_cases_can_be_looked_for():
    steps = [step for case in load(CASES)[0] for step in case.asked]
    assert len(steps) == 74 + 93
    for expect in (expect for step in steps for expect in step.expect):
        for check in expect.arguments.values():
            check.holds("x")


def test_values_that_are_as_good_are_taken():
    check = Check(among=("New York, NY", 3, True, ["a"]))
    assert all(check.holds(value) for value in ("new york ny", 3, 3.0, True, ["A"]))
    assert not any(check.holds(value) for value in ("York", 4, 1, ["a", "b"], None))


async def test_a_run_measures_what_is_missing_and_writes_its_tables(tmp_path: Path):
    asked, refused = [], []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length:")[2].split()[0]) if "content-len" in head else 0
        fields = json.loads(await reader.readexactly(size) or "{}")
        if fields:
            (refused if "temperature" in fields else asked).append(fields)
        printed = '```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```'
        choice = {"message": {"content": printed}}
        body = {"choices": [choice], "usage": {"completion_tokens": 9}, "data": [{"id": "small"}]}
        if "temperature" in fields:
            body = {"error": {"message": "only the default is supported", "param": "temperature"}}
        data, status = json.dumps(body).encode(), 400 if "temperature" in fields else 200
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
        writer.close()

    expect = (Expect("read_file", {"path": Check(exact="a.py")}),)
    steps = (Step(expect, {"path": "a.py"}, "x = 1"), Step((Expect(None),)))
    made = [Case("one", "Read a.py", own=(READ,), expect=expect)]
    made += [Case("two", "Read a.py", own=(READ,), steps=steps)]
    (tmp_path / "c.jsonl").write_bytes(b"".join(msgspec.json.encode(c) + b"\n" for c in made))
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        words = [
            "--url",
            url,
            "--cases",
            str(tmp_path),
            "--out",
            str(tmp_path / "out" / "rows.jsonl"),
        ]
        words += ["--way", "server", "--way", "json", "--way", "action"]
        assert await toolcalls.run(toolcalls.options_of(words)) == 0
        assert (len(asked), len(refused)) == (9, 1), "what it refuses is sent once"
        assert await toolcalls.run(toolcalls.options_of(words)) == 0
    assert len(asked) == 9
    rows = {
        (r.way, r.case, r.step): r for r in toolcalls_report.read(tmp_path / "out" / "rows.jsonl")
    }
    assert not rows["server", "one", 0].strict.tool
    assert rows["server", "one", 0].rescued.right
    assert rows["json", "one", 0].strict.right
    assert not rows["action", "one", 0].strict.right
    assert rows["action", "one", 0].rescued.right
    assert not rows["json", "two", 1].strict.tool
    shown = [m["content"] for m in asked[5]["messages"] if m["role"] == "user"]
    assert shown[-1] == "Result of read_file:\nx = 1"
    facts = json.loads((tmp_path / "out" / "rows.json").read_bytes())
    assert facts["shares"]["Single step, " + made[0].half]["json"] == [1, 1]
    assert facts["facts"]["model"] == "small"
    assert "| server + rescue | 1 | 100% |" in (tmp_path / "out" / "rows.md").read_text()


@pytest.mark.parametrize("words", [["--cases", "nowhere"], ["--out", "pyproject.toml"]])
def test_what_a_person_can_mend_is_one_line(words, capsys):
    assert toolcalls.main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_cases_are_made_of_the_leaderboards_data(tmp_path: Path):
    functions = [
        {
            "name": "math.area",
            "description": "Area.",
            "parameters": {
                "type": "dict",
                "properties": {"side": {"type": "float"}, "unit": {"type": "string"}},
                "required": ["side"],
            },
        }
    ]
    row = {"id": "s_0", "question": [[{"role": "user", "content": "Area?"}]], "function": functions}
    good = {"id": "s_0", "ground_truth": [{"math.area": {"side": [5], "unit": ["", "cm"]}}]}
    hard = {"id": "s_1", "ground_truth": [{"math.area": {"side": [{"a": [5]}]}}]}
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as wheel:
        for kind in toolcalls_bfcl.KINDS:
            name = f"bfcl_eval/data/{{}}BFCL_v4_{kind}.json"
            wheel.writestr(
                name.format(""), f"{json.dumps(row)}\n{json.dumps(row | {'id': 's_1'})}\n"
            )
            wheel.writestr(
                name.format("possible_answer/"), f"{json.dumps(good)}\n{json.dumps(hard)}\n"
            )
    assert toolcalls_bfcl.main([str(tmp_path / "w.whl"), str(tmp_path / "out")]) == 0
    (case, _), _ = load(tmp_path / "out")
    assert (case.own[0].name, case.own[0].parameters["type"]) == ("math_area", "object")
    for given, right in (
        ({"side": 5}, True),
        ({"side": 5, "unit": "CM"}, True),
        ({"side": 5, "z": 1}, False),
    ):
        assert grade(Said("", (Call("math_area", given),)), case.asked[0], case.own).right == right
