"""Survey: test the project as it stands."""

import re
import shlex

from samovar.core.errors import SetupError
from samovar.core.event import Surveyed
from samovar.core.seams import Tree
from samovar.core.state import State
from samovar.core.task import NO_TESTS, Checked, Task, Verdict
from samovar.flow.kit import Kit
from samovar.flow.localise import packages

_NO_PYTEST = re.compile(r"^(.+): No module named pytest$", re.M)
"""What `python -m pytest` says where the interpreter named has none."""
_MODULE = re.compile(r"No module named '(\w+)")
_MAKE = re.compile(r"^make.*: \*\*\* .* Error 12[67]$", re.M)
"""What make says, by an exit status of its own, where a program did not start."""
_ABSENT = re.compile(r".*(not found|No such file|ermission denied).*")
_FILE = re.compile(r"[\w-][\w/-]*\.\w+")


async def survey(kit: Kit, state: State) -> Surveyed:
    """Run the project's checks before any change. Raises SetupError where nothing can run them."""
    if not kit.command:
        return _untested("the project has no tests that samovar can find; name them with --test")
    kit.live("step", f"testing the project as it is: {kit.command}")
    checked = await kit.checks.test("tests", kit.command, {})
    if checked.excerpt == NO_TESTS:
        return _untested(f"{kit.command} finds no test", kit.command, checked)
    _importable(checked, state.task, kit.tree)
    _runnable(checked, state.task.text)
    return Surveyed(
        verdict=Verdict(
            passed=checked.exit == 0, proof="project tests", why=checked.said, checks=(checked,)
        ),
        command=kit.command,
    )


def _untested(why: str, command: str = "", *checks: Checked) -> Surveyed:
    """Return the survey of a project without tests; a command may find some a candidate writes."""
    verdict = Verdict(passed=True, proof="none", why=why, checks=checks)
    return Surveyed(verdict=verdict, command=command)


def _importable(checked: Checked, task: Task, tree: Tree) -> None:
    """Raise SetupError where no test can be imported for want of a module nobody is to write."""
    lacking = _MODULE.search(checked.excerpt)
    if not lacking or checked.passing or any("::" in test for test in checked.failing):
        return
    if foreign(lacking[1], task, tree):
        raise SetupError(
            f"the tests cannot run, there is no module {lacking[1]!r}: put what they need into a "
            "virtual environment .venv beside them (docs/quickstart.md), or name another command "
            "with --test; if the module is to be written, name its file with --file"
        )


def foreign(module: str, task: Task, tree: Tree) -> bool:
    """Return whether a module is neither the project's nor one that a task speaks of."""
    here = packages((*tree.paths(), *task.files)) | set(re.findall(r"\w+", task.text))
    return module not in here


def _runnable(checked: Checked, task: str) -> None:
    """Raise SetupError where no change that a task speaks of could make the checks green."""
    if checked.named:
        return
    lacking = _NO_PYTEST.search(checked.excerpt)
    if lacking:
        install = f"{shlex.quote(lacking[1])} -m pip install pytest"
        raise SetupError(
            f"the tests cannot run, {lacking[1]} has no pytest: run '{install}', or name another "
            "command with --test"
        )
    if checked.exit in (126, 127) or _MAKE.search(checked.excerpt):
        said = _ABSENT.search(checked.excerpt)
        if said and any(name in task for name in _FILE.findall(said[0])):
            return
        why = said[0].strip() if said else f"exit {checked.exit}"
        raise SetupError(
            f"the tests cannot run, {checked.command!r} says {why!r}: it is not in the sandbox, or "
            "cannot be run there; name its folder by `readable` (docs/reference/settings.md), or "
            "another command with --test"
        )
