"""Survey: test the project as it stands."""

from samovar.core.event import Surveyed
from samovar.core.state import State
from samovar.core.task import Verdict
from samovar.flow.kit import Kit


async def survey(kit: Kit, state: State) -> Surveyed:
    """Run the project's checks before any change."""
    del state
    if not kit.command:
        why = "the project has no tests that samovar can find; name them with --test"
        return Surveyed(verdict=Verdict(passed=True, proof="none", why=why))
    kit.live("step", f"testing the project as it is: {kit.command}")
    checked = await kit.checks.test("tests", kit.command, {})
    green = checked.exit == 0
    why = "all tests pass" if green else f"{len(checked.failing) or 'some'} tests fail"
    return Surveyed(
        verdict=Verdict(passed=green, proof="project tests", why=why, checks=(checked,)),
        command=kit.command,
    )
