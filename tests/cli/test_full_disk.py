"""A disk that is full under `samovar do`: one line says so, and the run goes on to one commit."""

import json
from pathlib import Path

import pytest
import small_disk

from .conftest import Server

CHILD = Path(__file__).with_name("full_disk.py")


@pytest.mark.timeout(300)
def test_a_run_on_a_full_disk_is_resumed_to_exactly_one_commit(
    server: Server, project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    env = environment | {"SAMOVAR_MODEL_URL": server.url}
    told = json.loads(small_disk.run("30m", CHILD, tmp_path / "small", env))
    assert told["held_up"] >= 12, told
    assert told["begun"] >= 4, "some of them in the midst of a run"
