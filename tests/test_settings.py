"""Settings of a person and of a home, joined."""

from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.settings import load


def _load(tmp_path: Path, everywhere: str, here: str):
    for folder, text in ((tmp_path / "config" / "samovar", everywhere), (tmp_path / "home", here)):
        folder.mkdir(parents=True)
        (folder / "samovar.toml").write_text(text)
    return load(tmp_path / "home", {"XDG_CONFIG_HOME": str(tmp_path / "config")})


def test_a_home_cannot_take_back_what_a_person_denied_everywhere(tmp_path: Path):
    rules = _load(
        tmp_path,
        '[[rules.deny]]\ntool = "shell"\n[[rules.allow]]\ntool = "fetch"\n',
        '[[rules.deny]]\npath = "x"\n[[rules.allow]]\ntool = "python"\n',
    ).rules
    assert [(r.tool, r.path) for r in rules.deny] == [("shell", ""), ("", "x")]
    assert [r.tool for r in rules.allow] == ["python"]


@pytest.mark.parametrize("here", ["", "context = 4096\n", "rules = {}\n"])
def test_denials_hold_in_a_home_that_says_nothing_of_them(tmp_path: Path, here: str):
    rules = _load(tmp_path, '[[rules.deny]]\ntool = "shell"\n', here).rules
    assert [r.tool for r in rules.deny] == ["shell"]


@pytest.mark.parametrize("here", ["rules = 3\n", "rules.deny = 3\n", "rules.deny = [1]\n"])
def test_rules_of_another_shape_are_complained_of(tmp_path: Path, here: str):
    with pytest.raises(SetupError, match="rules"):
        _load(tmp_path, '[[rules.deny]]\ntool = "shell"\n', here)


def test_a_turn_has_at_least_one_step(tmp_path: Path):
    with pytest.raises(SetupError, match="in `steps`; see"):
        _load(tmp_path, "", "steps = 0\n")


def test_a_value_of_another_kind_is_named_without_signs_of_a_library(tmp_path: Path):
    with pytest.raises(SetupError, match="in `calls`; see"):
        _load(tmp_path, "", 'calls = "abc"\n')


def test_a_server_named_by_a_variable_comes_before_those_of_the_file(tmp_path: Path):
    (tmp_path / "samovar.toml").write_text(
        'embeddings = "notes"\n[[models]]\nname = "notes"\nurl = "http://gpu-box:1/v1"\n'
    )
    found = load(tmp_path, {"SAMOVAR_MODEL_URL": "http://gpu-box:2/v1", "HOME": str(tmp_path)})
    assert [m.name for m in found.models] == ["env", "notes"]
    assert (found.model, found.embeddings) == ("env", "notes")
    (tmp_path / "samovar.toml").write_text('[[models]]\nname = "notes"\n')
    with pytest.raises(SetupError, match="url"):
        load(tmp_path, {"HOME": str(tmp_path)})
