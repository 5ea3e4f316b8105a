"""What processes that serve or work write down."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from samovar import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("samovar")
    handlers, level = list(root.handlers), own.level
    yield
    root.handlers[:] = handlers
    own.setLevel(level)
    structlog.reset_defaults()


def rows(to: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in to.getvalue().splitlines()]


def test_both_ways_to_log_make_one_json_line_with_the_cause():
    to = io.StringIO()
    logs.configure("warning", to=to)
    logs.configure("warning", to=to)
    logging.getLogger("samovar.worker").warning("store_away", extra={"error": "it is away"})
    structlog.get_logger("samovar.web").warning("live.failed", error="it is gone")
    logging.getLogger("elsewhere").warning("careful with %s", "this")
    said = [(r["level"], r["event"], r.get("error")) for r in rows(to)]
    assert said == [
        ("warning", "store_away", "it is away"),
        ("warning", "live.failed", "it is gone"),
        ("warning", "careful with this", None),
    ]
    assert all("timestamp" in r for r in rows(to))


@pytest.mark.parametrize(("level", "count"), [("debug", 2), ("info", 2), ("warning", 0)])
def test_the_level_counts_for_both(level, count):
    to = io.StringIO()
    logs.configure(level, to=to)
    structlog.get_logger("samovar.web").info("web.request", path="/")
    logging.getLogger("samovar.store").info("opened")
    logging.getLogger("elsewhere").info("chatter")
    assert len(rows(to)) == count


def test_a_mistake_is_one_line_with_its_traceback():
    to = io.StringIO()
    logs.configure(to=to)
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("samovar.worker").exception("work_broke", extra={"job": 3})
    [row] = rows(to)
    assert row["job"] == 3 and "KeyError: 'x'" in str(row["exception"])


def test_standard_error_that_is_gone_stops_nobody(monkeypatch):
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr("sys.stderr", gone)
    logs.configure()
    logging.getLogger("samovar").warning("said to nobody")


def test_secrets_never_reach_the_log():
    to, secret = io.StringIO(), "very-secret-token-value"
    logs.configure("info", (secret,), to)
    log = structlog.get_logger("samovar.test")
    log.info("one", url=f"http://x/?t={secret}", token="abc", headers={"Authorization": "Bearer q"})
    log.info(secret, text="fine")
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("two")
    said = to.getvalue()
    assert secret not in said
    assert "abc" not in said
    assert "Bearer q" not in said
    assert json.loads(said.splitlines()[1])["text"] == "fine"
