"""Which interpreter and which command: found by looking."""

import sys
from pathlib import Path

import pytest

from samovar.checks.environment import (
    dependencies,
    find_command,
    find_environment,
    python_path,
)
from samovar.sandboxes.interpreter import resolve


def test_a_virtual_environment_of_the_project_is_taken(tmp_path):
    for name in ("venv", ".venv"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(sys.executable)
        (tmp_path / name / "pyvenv.cfg").write_text("")
    found = find_environment(tmp_path)
    assert found.python == str(tmp_path / ".venv" / "bin" / "python")
    assert found.readable == (tmp_path / ".venv",)
    assert ".venv" in found.origin
    assert not found.options, "it has the plugins it wants"
    linked = tmp_path / "linked"
    linked.mkdir()
    assert find_environment(linked, tmp_path) == found, "a linked worktree has none of its own"


def test_an_environment_shows_what_it_runs_on_and_nothing_else_of_a_home(tmp_path):
    """It may have come with the project: where its links lead to is data."""
    home = tmp_path / "alice"
    keys = home / ".ssh" / "known_hosts"
    keys.parent.mkdir(parents=True)
    keys.write_text("secret")
    for name, python in (("hostile", keys), ("real", sys.executable)):
        venv = home / name / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text("")
        (venv / "bin" / "python").symlink_to(python)
    hostile = find_environment(home / "hostile")
    assert resolve(hostile.readable) == (home / "hostile" / ".venv",)
    own = Path(sys.executable).resolve().parent.parent
    shown = resolve(find_environment(home / "real").readable)
    assert own in shown or own.is_relative_to("/usr")
    assert home not in shown


def test_a_folder_that_is_no_environment_is_not_taken(tmp_path):
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").write_text("")
    assert find_environment(tmp_path).python == sys.executable


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        ({}, ""),
        ({"pyproject.toml": "[tool.ruff]\n"}, ""),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, "-e . pytest"),
        ({"pyproject.toml": "[tool.poetry]\n[build-system]\n"}, "-e . pytest"),
        ({"setup.py": ""}, "-e . pytest"),
        ({"requirements.txt": ""}, "-r requirements.txt pytest"),
        (
            {"requirements.txt": "", "pyproject.toml": "[tool.ruff]"},
            "-r requirements.txt pytest",
        ),
        ({"requirements.txt": "", "setup.py": ""}, "-r requirements.txt -e . pytest"),
    ],
)
def test_a_project_that_needs_packages_is_told_how_to_have_them(tmp_path, files, advice):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert find_environment(tmp_path).origin.partition("pip install ")[2] == advice


NPM_INIT = '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'
DJANGO = {"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"tests/test_a.py": ""}, "/py -m pytest -q"),
        ({**DJANGO, "cart/tests.py": ""}, "/py manage.py test"),
        ({**DJANGO, "cart/tests/test_views.py": ""}, "/py manage.py test"),
        (
            {**DJANGO, "test_a.py": "", "pytest.ini": "DJANGO_SETTINGS_MODULE = shop.settings"},
            "/py -m pytest -q",
        ),
        (
            {**DJANGO, "test_a.py": "", "setup.cfg": "addopts = --ds=shop.settings"},
            "/py -m pytest -q",
        ),
        ({**DJANGO, "cart/views.py": ""}, ""),
        ({"manage.py": "print(1)", "test_a.py": ""}, "/py -m pytest -q"),
        ({"cart/tests.py": ""}, ""),
        ({"cart/tests.py": "", "pyproject.toml": 'python_files = "tests.py"'}, "/py -m pytest -q"),
        ({"check_a.py": "", "tox.ini": "python_files =\n  check_*.py\n"}, "/py -m pytest -q"),
        ({"a.py": "", "pyproject.toml": 'python_files = [\n  "check_*.py",\n]'}, ""),
        ({"cart/tests.py": "", "Makefile": "test:\n"}, "make test"),
        ({"a_test.py": "", "Makefile": "test:\n"}, "/py -m pytest -q"),
        ({"Makefile": "all:\ntest: all\n\ttrue\n"}, "make test"),
        ({"Makefile": "all:\n"}, ""),
        ({"Makefile": "all:\ncheck:\n\ttrue\n"}, "make check"),
        ({"Makefile": "check: test\ntest lint: all\n"}, "make test"),
        ({"makefile": "test::\n\ttrue\n"}, "make test"),
        ({"GNUmakefile": "check:\n", "Makefile": "test:\n"}, "make check"),
        ({"Makefile": ".PHONY: test\ntest := a\ncheck ::= b\n#test:\n\ttest: x\n"}, ""),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, "npm test --silent"),
        ({"package.json": '{"scripts": []}'}, ""),
        ({"package.json": '{"scripts": {"test": ""}}'}, ""),
        ({"package.json": '{"scripts": {"test": 3}}'}, ""),
        ({"package.json": NPM_INIT}, ""),
        ({"package.json": NPM_INIT, "go.mod": ""}, "go test ./..."),
        ({"package.json": "not json"}, ""),
        ({"Cargo.toml": ""}, "cargo test --offline --quiet"),
        ({"go.mod": ""}, "go test ./..."),
        ({"main.py": "", "contest.py": ""}, ""),
        ({}, ""),
    ],
)
def test_the_test_command_is_told_by_the_files(files, command):
    assert find_command(list(files), files.__getitem__, "/py") == command


def test_an_interpreter_with_a_space_is_quoted():
    assert find_command(["test_a.py"], str, "/my venv/py") == "'/my venv/py' -m pytest -q"


@pytest.mark.parametrize(
    ("options", "folders"),
    [
        ("", (".", "src")),
        ('[tool.pytest.ini_options]\npythonpath = ["lib", "../out", "/etc"]', (".", "src", "lib")),
        ('[tool.pytest.ini_options]\npythonpath = "a b"', (".", "src", "a", "b")),
        ("[tool.pytest.ini_options]\npythonpath = 3", (".", "src")),
        ("tool = 3", (".", "src")),
        ("not toml", (".", "src")),
    ],
)
def test_packages_are_imported_from_inside_the_project_only(options, folders):
    files = {"src/a.py": "", "pyproject.toml": options}
    assert python_path(list(files), files.__getitem__) == folders


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (["a.py"], (".",)),
        (["web/src/a.js", "src.py", "lib/mysrc/a.py"], (".",)),
        (["b/src/x/a.py", "b/src/x/src/b.py", "src/c.py"], (".", "src", "b/src")),
        (["deep/b/src/a.py"], (".", "src", "deep/b/src")),
        (["tests/data/src/json.py", "b/test/src/json.py"], (".",)),
    ],
)
def test_each_part_of_a_project_has_its_own_sources(paths, folders):
    assert python_path(paths, lambda _path: "") == folders


def test_what_git_does_not_hold_of_dependencies_is_lent(tmp_path):
    for name in (
        *("node_modules/jest", "vendor/held", "web/node_modules", "web/vendor", "lib/.venv/bin"),
        *("lib/env", "build/node_modules"),
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib" / ".venv" / "pyvenv.cfg").write_text("")
    (tmp_path / "lib" / "vendor").symlink_to(tmp_path / "vendor")
    (tmp_path / "linked").symlink_to(tmp_path / "web")
    paths = ["package.json", "vendor/held/a.go", "web/a.js", "lib/a.py", "linked/a.js"]
    lent = dependencies(tmp_path, paths)
    assert list(lent) == ["node_modules", "lib/.venv", "web/node_modules", "web/vendor"]
    assert lent["web/vendor"] == tmp_path / "web" / "vendor"
    assert dependencies(tmp_path, []) == {}


def test_a_project_that_is_reached_by_a_link_has_its_dependencies(tmp_path):
    (tmp_path / "real" / "vendor").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(dependencies(tmp_path / "link", ["a.go"])) == ["vendor"]
