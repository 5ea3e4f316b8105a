"""A disk that fills up under a team, at forty different points: nothing is lost or doubled."""

from pathlib import Path

import pytest
import small_disk

CHILD = Path(__file__).with_name("full_disk.py")


@pytest.mark.timeout(300)
def test_a_team_on_a_full_disk_goes_on_when_there_is_space_again(tmp_path):
    said = small_disk.run("20m", CHILD, tmp_path / "small")
    assert int(said) >= 1, "at some points not even the tick could be recorded"
