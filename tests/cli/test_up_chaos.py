"""`samovar up` on a PostgreSQL that goes away and comes back (row D4, for engine and pages)."""

import json
import random
import time
import urllib.error
import urllib.request
from collections import Counter

import pytest

from ..store.conftest import postgres_alone
from .conftest import COMMAND, without_tools
from .test_up import free_port, started
from .test_working import PROSE, home, wait_for

__all__ = ["home", "postgres_alone"]

STOPS, FILED = 8, 3
"""How often the database goes away, and the tasks filed before each time."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_database_that_goes_away_under_up_loses_and_doubles_nothing(
    home, server, environment, postgres_alone, tmp_path
):
    url, database = postgres_alone
    dice, port = random.Random(5), free_port()
    without_tools(home, "writer")
    server.delay = 0.1
    base = f"http://127.0.0.1:{port}"
    words = [*COMMAND, "up", "--home", str(home), "--port", str(port), "--pace", "0.1", "--json"]
    there = environment | {"SAMOVAR_MODEL_URL": server.url, "SAMOVAR_DATABASE_URL": url}

    def asked(path, body=None, key=""):
        """Ask until the server has its database again; a key makes filing safe to repeat."""
        data = json.dumps(body).encode() if body else None
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        head |= {"Idempotency-Key": key} if key else {}
        for _ in range(200):
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(base + path, data, head)
                ) as came:
                    return came.read()
            except urllib.error.HTTPError as error:
                assert error.code in (409, 503), (error.code, error.read())
                time.sleep(0.1)
        raise AssertionError(f"{path} stayed away")

    with (tmp_path / "err").open("w") as err, started(words, there, stdout=err, stderr=err) as up:
        wait_for(lambda: (home / "web.token").exists() and _listens(base))
        token = (home / "web.token").read_text().strip()
        tasks = list[int]()
        for stop in range(STOPS):
            for n in range(FILED):
                filed = asked(
                    "/api/tasks", {"text": f"line {stop} {n}", "agent": "writer"}, f"k{stop}-{n}"
                )
                tasks.append(json.loads(filed)["task"])
            time.sleep(dice.random())
            database.stop(dice.choice(["fast", "immediate"]))
            time.sleep(dice.random() * 4)
            database.start()
        ends = [lambda n=n: json.loads(asked(f"/api/tasks/{n}"))["state"] == "done" for n in tasks]
        for end in ends:
            wait_for(end, 120)
        assert len(set(tasks)) == STOPS * FILED
        assert {json.loads(asked(f"/api/tasks/{n}"))["result"] for n in tasks} == {PROSE}
        lines = json.loads(asked("/api/credits/lines?limit=1000"))
        paid = Counter(line["task"] for line in lines if line["amount"] < 0 and line["task"])
        assert paid == dict.fromkeys(tasks, 1), "each call is paid for once"
        assert b"<h1" in asked("/dashboard")
        up.terminate()
        assert up.wait(timeout=10) == 0
    reports = [json.loads(p.read_text()) for p in (home / "agents/writer/outbox").glob("*.json")]
    assert Counter(r["kind"] for r in reports)["report"] == len(tasks)
    assert "Traceback" not in (tmp_path / "err").read_text()


def _listens(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=5):
            return True
    except OSError:
        return False
