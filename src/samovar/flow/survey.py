"""Survey: test the project as it stands."""

import re
import shlex

from samovar.core.errors import SetupError
from samovar.core.event import Surveyed
from samovar.core.state import State
from samovar.core.task import Checked, Verdict
from samovar.flow.kit import Kit

_NO_PYTEST = re.compile(r"^(.+): No module named pytest$", re.M)
"""What `python -m pytest` says where the interpreter named has none."""


async def survey(kit: Kit, state: State) -> Surveyed:
    """Run the project's checks before any change. Raises SetupError where nothing can run them."""
    del state
    if not kit.command:
        why = "the project has no tests that samovar can find; name them with --test"
        return Surveyed(verdict=Verdict(passed=True, proof="none", why=why))
    kit.live("step", f"testing the project as it is: {kit.command}")
    checked = await kit.checks.test("tests", kit.command, {})
    _runnable(checked)
    return Surveyed(
        verdict=Verdict(
            passed=checked.exit == 0, proof="project tests", why=checked.said, checks=(checked,)
        ),
        command=kit.command,
    )


def _runnable(checked: Checked) -> None:
    """Raise SetupError where no change to the project could make its checks green."""
    lacking = None if checked.named else _NO_PYTEST.search(checked.excerpt)
    if lacking:
        install = f"{shlex.quote(lacking[1])} -m pip install pytest"
        raise SetupError(
            f"the tests cannot run, {lacking[1]} has no pytest: run '{install}', or name another "
            "command with --test"
        )
