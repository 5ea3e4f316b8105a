"""Which folders a virtual environment needs besides itself."""

from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.sandboxes import interpreter


def _installation(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "python3.11").mkdir(parents=True)
    (folder / "lib" / "python3.11" / "os.py").write_text("")
    (folder / "bin" / "python3.11").write_text("")
    (folder / "bin" / "python3").symlink_to("python3.11")
    return folder


def _venv(folder: Path, python: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\nversion = 3.11\n")
    return folder


def test_the_installation_behind_a_virtual_environment_is_added(tmp_path):
    base = _installation(tmp_path / "versions" / "3.11")
    venv = _venv(tmp_path / "venv", base / "bin" / "python3")
    assert set(interpreter.resolve([venv])) == {venv, base}


def test_every_hop_of_a_chain_of_links_is_added(tmp_path):
    real = _installation(tmp_path / "python" / "cpython-3.11.7")
    alias = tmp_path / "python" / "cpython-3.11"
    alias.symlink_to(real.name)
    first = _venv(tmp_path / "first", alias / "bin" / "python3")
    second = _venv(tmp_path / "second", first / "bin" / "python")
    assert {real, alias, first} <= set(interpreter.resolve([second]))


def test_an_interpreter_of_the_system_needs_nothing_more(tmp_path):
    venv = _venv(tmp_path / "venv", Path("/usr/bin/python3"))
    assert interpreter.resolve([venv]) == (venv,)
    assert interpreter.resolve([Path("/usr/share")]) == ()


def test_a_folder_that_is_missing_or_relative_is_named(tmp_path):
    for path in (tmp_path / "none", Path("src")):
        with pytest.raises(SetupError, match="cannot be shown"):
            interpreter.resolve([path])


def test_a_virtual_environment_cannot_ask_for_the_whole_of_a_home(tmp_path):
    """pyvenv.cfg lies in a project: it is data, and may lie."""
    for home in ("/bin", "/root/bin", "/home/x", "/", "/etc/bin", "/proc/self/bin"):
        venv = tmp_path / home.replace("/", "-")
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"home = {home}\n")
        assert interpreter.resolve([venv]) == (venv,)


def test_an_installation_without_python_is_not_shown(tmp_path):
    secret = tmp_path / "secret"
    (secret / "bin").mkdir(parents=True)
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {secret / 'bin'}\n")
    assert interpreter.resolve([venv]) == (venv,)
