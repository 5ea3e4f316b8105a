"""A disk that fills up under a team, or is read-only: nothing is lost or doubled (row D5)."""

import json
from pathlib import Path

import pytest
import small_disk

CHILD = Path(__file__).with_name("full_disk.py")


@pytest.mark.timeout(300)
def test_a_team_on_a_full_or_read_only_disk_goes_on_when_it_can_write_again(tmp_path):
    """Space runs out forty times, in a few of which it just suffices; then writing is forbidden."""
    troubles = json.loads(small_disk.run("20m", CHILD, tmp_path / "small"))
    assert troubles["full"] >= 30, "hardly a turn or a tick can be kept without space"
    assert troubles["agents"] >= 10, "no turn can be kept"
    assert troubles["home"] == 5, "no team can be started"
