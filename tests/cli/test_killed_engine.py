"""`kill -9` of the engine at any moment: what agents say is said once, and nothing is lost."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import relay
from model_server import serving

from .conftest import COMMAND, Samovar


def pass_on(asked: dict[str, Any]) -> str:
    """Return the choice of the agent that is asked."""
    time.sleep(0.05)
    return json.dumps(relay.choice(*(m["content"] for m in asked["messages"])))


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
    relay.hire(home)
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
    relay.judge(home, kills)
