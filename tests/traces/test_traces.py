"""Traces of real runs with a scripted model, through the SDK's own exporter in memory."""

import asyncio
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from doubles import RIGHT, WRONG, answering, drive, fenced, kit, opened

from samovar.core.event import Closed, Entry, Opened
from samovar.core.log import JsonlLog, read
from samovar.core.state import replay
from samovar.org.journal import agent_log
from samovar.traces import tracing
from samovar.traces.follow import Follower
from samovar.traces.runs import Work
from samovar.traces.tracing import Target, Tracer, standing, target

otel = pytest.importorskip("opentelemetry.sdk", reason="pip install 'samovar[otel]'")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: E402
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)

from samovar.traces import sdk  # noqa: E402

RUN = "20261121-100000-middle-0001"
GOLDENS = Path(__file__).parents[1] / "goldens"


def log_of(home: Path, run: str = RUN) -> JsonlLog:
    return JsonlLog(home / "runs" / run / "events.jsonl")


async def solve(home: Path, *answers: str, **more) -> JsonlLog:
    """Have a real run solve its task with these answers of the model."""
    log = log_of(home)
    log.append(opened(RUN, off=("search",)))
    given = answers or ("no code at all", fenced(WRONG.replace("[0]", "[-1]")), fenced(RIGHT))
    await drive(kit(answering(*given), **more), log)
    return log


def told(spans, texts: bool = False) -> list:
    """Return spans as the SDK holds them."""
    memory = InMemorySpanExporter()
    assert sdk.sender(memory).send(spans)
    return list(memory.get_finished_spans())


def spans_of(log: JsonlLog, *, texts: bool = False) -> list:
    reader = Work(texts)
    return told([span for entry in log.read() for span in reader.feed(entry)])


async def test_a_run_is_a_tree_of_steps_model_calls_and_checks(tmp_path):
    log = await solve(tmp_path)
    spans = spans_of(log)
    [root] = [s for s in spans if s.parent is None]
    assert root.name == "invoke_workflow do"
    assert root.attributes["samovar.run"] == RUN
    assert root.attributes["samovar.ok"] is True
    known = {s.context.span_id: s for s in spans}
    assert len(known) == len(spans)
    assert {s.context.trace_id for s in spans} == {root.context.trace_id}
    assert all(s.parent.span_id in known for s in spans if s.parent)
    [step] = [s for s in spans if s.name == "samovar.step"]
    assert step.parent.span_id == root.context.span_id
    inside = [s.name for s in spans if s.parent and s.parent.span_id == step.context.span_id]
    assert inside[:3] == ["chat scripted", "chat scripted", "execute_tool tests"]
    for span in spans:
        around = known[span.parent.span_id] if span.parent else span
        assert span.start_time <= span.end_time
        assert around.end_time >= span.end_time
    assert {"samovar.approval", "samovar.commit"} <= {s.name for s in spans}


async def test_model_calls_follow_the_conventions_and_add_up(tmp_path):
    log = await solve(tmp_path)
    calls = [s for s in spans_of(log) if s.name.startswith("chat")]
    first = calls[0].attributes
    assert first["gen_ai.operation.name"] == "chat"
    assert first["gen_ai.request.model"] == "scripted"
    assert first["error.type"] == "unusable_answer"
    assert calls[0].kind.name == "CLIENT"
    assert calls[0].status.status_code.name == "ERROR"
    state = replay(e.event for e in log.read())
    for field, spent in (("input", state.usage.prompt), ("output", state.usage.generated)):
        assert sum(c.attributes[f"gen_ai.usage.{field}_tokens"] for c in calls) == spent
    assert state.usage.generated > 0
    tools = [s for s in spans_of(log) if s.name == "execute_tool tests"]
    assert tools[0].attributes["gen_ai.tool.name"] == "tests"
    assert tools[0].attributes["samovar.tests.failed"] == 2


async def test_no_text_leaves_unless_it_is_wanted(tmp_path):
    log = await solve(tmp_path)
    closed = repr([dict(s.attributes) for s in spans_of(log)])
    assert "return ordered" not in closed
    assert "smallest value" not in closed
    wanted = repr([dict(s.attributes) for s in spans_of(log, texts=True)])
    assert "return ordered" in wanted
    assert "smallest value" in wanted


async def test_a_failed_run_is_an_error_and_one_that_waits_is_not(tmp_path):
    log = await solve(tmp_path / "a", "nothing")
    root = spans_of(log)[-1]
    assert root.status.status_code.name == "ERROR"

    async def nobody(*_):
        return None

    waits = await solve(tmp_path / "b", fenced(RIGHT), ask=nobody)
    root = spans_of(waits)[-1]
    assert (root.attributes["samovar.exit_code"], root.status.status_code.name) == (4, "UNSET")


def test_a_commit_taken_back_after_its_run_is_a_span_of_its_own():
    entries = read(GOLDENS / "undone.jsonl")
    reader = Work()
    *_, root, taken = told([span for entry in entries for span in reader.feed(entry)])
    assert (root.name, root.attributes["samovar.ok"]) == ("invoke_workflow do", True)
    assert (taken.name, taken.parent) == ("samovar.undo", None)
    assert taken.context.trace_id == root.context.trace_id


def test_every_turn_of_a_conversation_is_a_trace_of_its_agent(tmp_path):
    path = tmp_path / "runs" / "talk" / "events.jsonl"
    path.parent.mkdir(parents=True)
    follower = Follower(lambda: [tmp_path])
    assert follower.look() == []
    path.write_bytes((GOLDENS / "talk" / "chat.jsonl").read_bytes())
    spans = told(follower.look())
    names = [s.name for s in spans]
    assert names.count("chat m") == 3
    assert "execute_tool read_file" in names
    turn = spans[-1]
    assert (turn.name, turn.parent) == ("invoke_agent", None)
    assert all(s.parent.span_id == turn.context.span_id for s in spans[:-1])
    assert all(s.attributes["gen_ai.conversation.id"] == "r" for s in spans)
    follower.close()


async def test_what_was_there_before_is_not_told_and_nothing_is_told_twice(tmp_path):
    await solve(tmp_path)
    follower = Follower(lambda: [tmp_path])
    assert follower.look() == []
    log, other = log_of(tmp_path), log_of(tmp_path, "another")
    other.append(opened("another"))
    assert follower.look() == []
    other.append(Closed(outcome="given up", ok=False, exit_code=1))
    assert [s.name for s in follower.look()] == ["invoke_workflow do"]
    assert follower.look() == []
    # A run that goes on after its end: the second stretch has a span of its own.
    log.append(Closed(outcome="went on", ok=True))
    [again] = follower.look()
    assert again.key == "run1"
    assert follower.look() == []
    second = Follower(lambda: [tmp_path])
    second.look()
    other.append(Closed(outcome="once more", ok=True))
    assert second.look() == [], "another process follows this home"
    assert len(follower.look()) == 1
    follower.close()
    assert second.look() == []
    other.append(Closed(outcome="and again", ok=True))
    assert [s.key for s in second.look()] == ["run2"]
    second.close()


async def test_the_same_log_has_the_same_ids_whoever_reads_it_and_however_often(tmp_path):
    log = await solve(tmp_path)
    follower = Follower(lambda: [tmp_path / "copy"])
    follower.look()
    copy = tmp_path / "copy" / "runs" / RUN / "events.jsonl"
    copy.parent.mkdir(parents=True)
    seen = []
    for line in log.path.read_bytes().splitlines(keepends=True):
        with open(copy, "ab") as handle:
            handle.write(line[:20])
            handle.flush()
            seen += follower.look()
            handle.write(line[20:])
        seen += follower.look()
    follower.close()
    (tmp_path / "copy").is_dir()
    whole = [s.context for s in spans_of(log)]
    assert [(s.trace_id, s.id) for s in seen] == [(c.trace_id, c.span_id) for c in whole]


def test_a_tick_holds_the_turns_of_its_agents(tmp_path):
    for name in ("ada", "bob"):
        (tmp_path / "agents" / name).mkdir(parents=True)
    agent_log(tmp_path, "ada").add("turn", tick=1, action="note", text="old")
    (tmp_path / "tick.json").write_text('{"tick": 1}')
    follower = Follower(lambda: [tmp_path])
    assert follower.look() == []
    agent_log(tmp_path, "ada").add("turn", tick=2, action="message", text="hello", seconds=0.5)
    agent_log(tmp_path, "bob").add("failed", tick=2, text="no model answers")
    assert follower.look() == [], "the tick is not over"
    (tmp_path / "tick.json").write_text('{"tick": 2}')
    ada, bob, tick = told(follower.look())
    assert (ada.name, ada.attributes["samovar.action"]) == ("invoke_agent ada", "message")
    assert ada.end_time - ada.start_time == pytest.approx(5e8, abs=1e4)
    assert bob.status.description == "no model answers"
    assert (tick.name, tick.attributes["samovar.turns"]) == ("samovar.tick", 2)
    assert ada.parent.span_id == tick.context.span_id
    assert tick.start_time <= ada.start_time <= bob.start_time <= bob.end_time <= tick.end_time
    assert follower.look() == []
    # A task that is worked on beside the ticks ends later, in the tick it was begun in.
    agent_log(tmp_path, "ada").add("at work", tick=3, text="#4 mend it")
    agent_log(tmp_path, "ada").add("turn", tick=2, action="work", text="#4 done")
    agent_log(tmp_path, "bob").add("turn", tick=3, action="note", text="x")
    (tmp_path / "tick.json").write_text('{"tick": 3}')
    work, note, whole = told(follower.look())
    assert (work.attributes["samovar.action"], note.attributes["samovar.action"]) == (
        "work",
        "note",
    )
    assert work.parent.span_id == tick.context.span_id
    assert work.context.span_id != ada.context.span_id
    assert whole.attributes["samovar.tick"] == 3
    follower.close()


def test_a_line_that_is_damaged_or_of_tomorrow_is_passed_over(tmp_path):
    follower = Follower(lambda: [tmp_path])
    follower.look()
    log = log_of(tmp_path)
    log.append(opened(RUN))
    with open(log.path, "ab") as handle:
        handle.write(b'garbage\n{"seq":1,"at":"2026-01-01T00:00:00Z","event":{"type":"new"}}\n')
        entry = Entry(3, datetime(2026, 1, 1, tzinfo=UTC), Closed(outcome="done", ok=True))
        handle.write(msgspec.json.encode(entry) + b"\n")
    assert [s.name for s in follower.look()] == ["invoke_workflow do"]
    follower.close()


def plain(**more: str) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": "/nonexistent", **more}


def test_only_an_address_switches_traces_on(tmp_path):
    assert target(tmp_path, plain()) is None
    assert standing(tmp_path, plain()) == "off"
    (tmp_path / "samovar.toml").write_text('[otel]\nendpoint = "http://c:4318/"\n')
    assert target(tmp_path, plain()) == Target("http://c:4318/v1/traces")
    assert standing(tmp_path, plain()) == "to http://c:4318/v1/traces"
    given = plain(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://d:4318",
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20abc, x-a=b=c",
    )
    headers = {"authorization": "Basic abc", "x-a": "b=c"}
    assert target(tmp_path, given) == Target("http://d:4318/v1/traces", headers)
    exact = plain(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://e/x")
    assert target(tmp_path, exact) == Target("http://e/x")
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        assert target(tmp_path, {**given, **off}) is None


async def test_without_an_address_nothing_is_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def never(_):
        raise AssertionError("nobody asked for traces")

    monkeypatch.setattr(tracing, "open_sender", never)
    async with tracing.tracing(tmp_path):
        assert not (tmp_path / "traces.lock").exists()


class Collector(HTTPServer):
    """Takes traces by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans: list = []
        self.headers: list[str] = []


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = ExportTraceServiceRequest.FromString(body)
        for resource in found.resource_spans:
            service = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.server.spans += [(service["service.name"], s.name) for s in scope.spans]
        self.server.headers.append(f"{self.path} {self.headers.get('x-key')}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector():
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_run_reaches_a_collector_and_nothing_else(tmp_path, monkeypatch, collector):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-team")
    async with tracing.tracing(tmp_path):
        log = await solve(tmp_path)
    wanted = [("our-team", s.name) for s in spans_of(log)]
    assert collector.spans == wanted
    assert set(collector.headers) == {"/v1/traces k1"}


async def test_a_collector_that_is_away_stops_nobody(
    tmp_path, monkeypatch, caplog, unused_tcp_port
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    began = time.monotonic()
    async with tracing.tracing(tmp_path):
        log = await solve(tmp_path)
    assert isinstance(log.read()[-1].event, Closed)
    assert isinstance(read(log.path)[0].event, Opened)
    said = [r.getMessage() for r in caplog.records]
    assert said == ["the collector of traces does not answer; work goes on without"]
    assert time.monotonic() - began < 60, "the end is not waited for without limit"


class Moody:
    """A collector that takes nothing at first."""

    def __init__(self) -> None:
        self.refuses, self.taken = 2, []

    def send(self, spans) -> bool:
        self.refuses -= 1
        self.taken += spans if self.refuses < 0 else []
        return self.refuses < 0

    def close(self) -> None:
        pass


async def test_spans_wait_for_a_collector_that_comes_back(tmp_path):
    moody = Moody()
    tracer = Tracer(Follower(lambda: [tmp_path]), moody)
    tracer.begin()
    log = await solve(tmp_path)
    for _ in range(3):
        await tracer.step()
    assert [s.name for s in moody.taken] == [s.name for s in spans_of(log)]
    await asyncio.wait_for(tracer.end(), 5)
