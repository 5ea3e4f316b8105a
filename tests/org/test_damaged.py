"""500 damaged files: none ends the engine, each is named, the rest of the team works (row D6)."""

import itertools
import os
import random
import shutil
from pathlib import Path

import msgspec
from damage import mutate
from errand import Minds

from samovar.org.journal import engine_log, tail
from samovar.org.outbox import outbox_of
from samovar.org.sound import Pricing, prices
from samovar.org.team import Team

from .conftest import act, hire, office, reading


class Recalling(Minds):
    """Memories that are asked, too; found by words."""

    async def recall(self, agent: str, question: str, /) -> str:
        memory = self.of(agent)
        try:
            return await memory.recall(question, 400)
        finally:
            memory.close()


async def founded(home: Path) -> Team:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    hire(home, "c", **reading("a", "b"))
    (home / "credits.json").write_text('{"agents": {"*": {"credits_left": 100}}}')
    team = staffed(home)
    for name in "abc":
        await team.engine.turns.kit.memory.note(name, "whoever says begin means it")
    await team.send("all", "begin", by="ann")
    for _ in range(3):
        await team.tick()
    return team


def staffed(home: Path) -> Team:
    return office(home, rule, prices=Pricing(home), memory=Recalling(home))


def rule(_request: object) -> str:
    return act("message", "person", "on it")


def kind(file: Path) -> str:
    """Return what a file of a home is."""
    match file.suffix:
        case ".md":
            return "note"
        case ".db":
            return "index"
        case ".jsonl":
            return "log"
        case _:
            return "entry" if "outbox" in file.parts else file.stem


async def test_500_damaged_files_stop_nobody_else_and_are_named(home: Path) -> None:
    draw = random.Random(3)
    await founded(home)
    # Everything that is read back is damaged in turn.
    whole = [p.relative_to(home) for p in sorted(home.rglob("*")) if p.is_file()]
    files = [p for p in whole if p.suffix in (".json", ".jsonl", ".md", ".db")]
    kinds = {kind(p) for p in files}
    assert kinds == {"resume", "state", "entry", "credits", "tick", "note", "index", "log"}
    spare = home.with_name(home.name + "-spare")
    shutil.copytree(home, spare)
    try:
        damaged = 0
        for file in itertools.cycle(files):
            if mutate(home / file, draw):
                await _works(home, file)
                damaged += 1
            if damaged == 500:
                break
            shutil.rmtree(home)
            shutil.copytree(spare, home)
    finally:
        shutil.rmtree(spare)


async def _works(home: Path, file: Path) -> None:
    """Assert that everybody but the damaged file's owner answers, and that it is named."""
    team, before = staffed(home), (home / file).read_bytes()
    problems = [p.line for p in await team.validate()]
    owner = file.parts[1] if file.parts[0] == "agents" else ""
    await team.send("all", "are you there?", by="ann")
    ticked = await team.tick()
    answered = {n for n in "abc" if n in ticked.turns}
    said = prices(home)[1] if file.name == "credits.json" else []
    if wrong := [p for p in said if p.weight == "error"]:
        assert (answered, set(ticked.failed)) == (set(), set("abc")), "nobody spends unlimited"
        assert all(wrong[0].line in said for said in ticked.failed.values())
        assert wrong[0].line in problems
        return
    if kind(file) in ("note", "index", "log"):
        # Any text is a note, since people write them too; an index is made anew; a log goes on.
        assert (answered, ticked.failed) == (set("abc"), {}), (file, ticked)
        return
    assert answered >= {"a", "b", "c"} - {owner}, (file, ticked)
    if answered != {"a", "b", "c"} or not _is_json(before):
        assert any(str(file) in line for line in problems), (file, before[:80], problems)
    for name in sorted(set("abc") - {owner}):
        assert (await team.agent(name)).name == name


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


async def test_a_damaged_log_loses_its_damaged_lines_only(home: Path) -> None:
    team = await founded(home)
    path = home / "agents" / "a" / "logs" / "log.jsonl"
    path.write_bytes(b"\xff{\n" + path.read_bytes() + b'{"half')
    assert [row["action"] for row in team.log("a")] == ["message"]


async def test_names_that_are_not_utf_8_end_nobody_s_turn_and_are_named(home: Path) -> None:
    team = await founded(home)
    (home / "agents" / os.fsdecode(b"pr\xfcfer")).mkdir()
    box = outbox_of(home, "a")
    (box / os.fsdecode(b"caf\xe9.json")).write_text("{}")
    os.utime(box, (1, 1))
    await team.send("all", "on with it", by="ann")
    ticked = await team.tick()
    assert sorted(ticked.turns) == ["a", "b", "c"] and not ticked.failed
    said = "\n".join(row["text"] for row in tail(engine_log(home).path, 50))
    assert "agents/pr\ufffdfer/resume.json is missing" in said and "caf\ufffd.json" in said
    shown = msgspec.json.encode([await team.status(), await team.validate()]).decode()
    assert "pr\ufffdfer" in shown and "caf\ufffd.json" in shown


def test_a_line_that_cannot_be_written_as_json_is_dropped(home: Path) -> None:
    log = engine_log(home)
    log.add("problem", text=os.fsdecode(b"pr\xfcfer"))
    log.add("problem", text="after it")
    assert [row["text"] for row in tail(log.path, 50)] == ["after it"]
