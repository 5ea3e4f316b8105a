"""`kill -9` of the engine at any moment: what agents say is said once, and nothing is lost."""

import json
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import serving

from .conftest import COMMAND, Samovar

RELAY = {"ada": "bob", "bob": "eve", "eve": "person"}
"""To whom each agent passes a number on."""


def pass_on(asked: dict[str, Any]) -> str:
    """Return the choice of the agent that is asked: every new number goes to the next one."""
    who, now = (m["content"] for m in asked["messages"])
    name = re.match(r"You are (\w+)", who)
    assert name is not None
    inbox = now.partition("New messages:")[2].partition("What do you do now?")[0]
    numbers = re.findall(r"number \d+", inbox)
    time.sleep(0.05)
    action = "message" if numbers else "nothing"
    return json.dumps({"action": action, "to": RELAY[name[1]], "text": ", ".join(numbers)})


@pytest.fixture
def model() -> Iterator[str]:
    with serving(pass_on) as url:
        yield url


@pytest.mark.parametrize(
    "kills",
    [12, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_a_killed_engine_loses_and_doubles_no_message(
    kills: int, model: str, samovar: Samovar, project: Path, environment: dict[str, str]
) -> None:
    home = project / "team"
    for name, heard in (("ada", []), ("bob", ["ada"]), ("eve", ["bob"])):
        folder = home / "agents" / name
        folder.mkdir(parents=True)
        resume = {"name": name, "instructions": "x", "permissions": {"read_outboxes": heard}}
        (folder / "resume.json").write_text(json.dumps(resume))
    dice = random.Random(kills)
    words = (*COMMAND, "run", "--home", str(home), "--pace", "0.05")
    for number in range(kills):
        child = subprocess.Popen(
            words, env=environment | {"SAMOVAR_MODEL_URL": model}, stderr=subprocess.DEVNULL
        )
        sent = samovar("send", "ada", f"number {number}", "--home", str(home))
        assert sent.returncode == 0, sent.stderr
        time.sleep(dice.uniform(0, 0.8))
        child.kill()
        child.wait()
    for _ in range(10):
        last = samovar("run-once", "--home", str(home), SAMOVAR_MODEL_URL=model)
        assert last.returncode == 0, last.stderr
        if "nothing to do" in last.stdout:
            break
    for name in RELAY:
        assert _said(home, name) == Counter(range(kills)), name


def _said(home: Path, name: str) -> Counter[int]:
    """Return how often an agent said each number; its entries are numbered without a gap."""
    files = sorted((home / "agents" / name / "outbox").glob("*.json"))
    entries = sorted((json.loads(f.read_bytes()) for f in files), key=lambda e: e["seq"])
    assert [e["seq"] for e in entries] == list(range(1, len(entries) + 1))
    return Counter(int(n) for e in entries for n in re.findall(r"number (\d+)", e["text"]))
