"""What an agent is told of the folder it works in."""

import pytest
from unseen import NAMES, hidden

from samovar.hands.ground import Ground, listing


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_of_samples_as_names_of_files_nothing_is_hidden_in_the_listing(tmp_path, name):
    own = tmp_path / "files"
    own.mkdir()
    (own / name).write_text("x")
    said = await listing(Ground(tmp_path, own))
    assert said.startswith("Your folder holds: ") and len(said.splitlines()) == 1
    assert [c for c in said if hidden(c)] == [] and "<!--" not in said
