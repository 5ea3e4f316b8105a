"""The skills of a home: `samovar skills list | show | disable | enable | rollback | test`."""

from pathlib import Path

import msgspec

from samovar.boot import workshop
from samovar.cli.end import printable, say
from samovar.cli.home import find_home_or_place
from samovar.core.errors import SetupError, ToolError
from samovar.memory.project import project_of
from samovar.memory.skills.offer import as_tool
from samovar.memory.skills.shelf import Kept, Shelf, understood


async def show_list(folder: Path | None, as_json: bool) -> int:
    """List every skill with its state; what is wrong with the others goes to standard error."""
    shelf = await _shelf(folder)
    kept = list(shelf.all())
    if as_json:
        rows = [
            {**msgspec.to_builtins(k.skill), "state": _state(k), "versions": k.versions}
            for k in kept
        ]
        print(msgspec.json.encode(rows).decode())
    for each in [] if as_json else kept:
        said = f"v{each.skill.version} of {len(each.versions)}, by {each.skill.agent}"
        print(printable(f"{each.skill.name:<30} {_state(each):<9} {said}"))
    damaged = list(shelf.damaged())
    for fault in damaged:
        say(f"samovar: {fault}")
    if not kept and not damaged and not as_json:
        print("there are no skills yet; agents make them with the tool promote_skill")
    return 0


async def show(folder: Path | None, name: str) -> int:
    """Show a skill: where it comes from, what a model is told, and its source."""
    kept = (await _shelf(folder)).read(name)
    skill = kept.skill
    where = " ".join(w for w in (skill.file, skill.origin) if w)
    print(printable(f"{skill.name} v{skill.version} ({_state(kept)}), versions {kept.versions}"))
    print(printable(f"by {skill.agent} at {skill.at:%Y-%m-%d %H:%M} {where}".rstrip()))
    print(f"sha256 {skill.sha256}")
    if kept.fault:
        print(kept.fault)
    try:
        # Only its schema is read here; nothing of the skill runs.
        found = understood(kept)
        print(printable(found.description))
        print(printable(f"arguments: {', '.join(p.name for p in found.parameters) or 'none'}"))
    except ToolError as error:
        print(printable(f"not offered: {error}"))
    print(printable(f"\n{kept.source.decode('utf-8', 'replace')}"), end="")
    return 0


async def switch(folder: Path | None, name: str, wanted: bool) -> int:
    """Put a skill to use, or out of use."""
    kept = (await _shelf(folder)).enable(name, wanted)
    print(f"{kept.skill.name} is {_state(kept)}")
    return 0


async def roll_back(folder: Path | None, name: str, version: int) -> int:
    """Go back to an earlier version."""
    kept = (await _shelf(folder)).roll_back(name, version)
    print(f"{kept.skill.name} is at version {kept.skill.version} now")
    return 0


async def test(folder: Path | None, name: str, no_sandbox: bool) -> int:
    """Run a skill's tests in the sandbox; what was edited by hand counts again when they pass."""
    home = await find_home_or_place(folder)
    shelf = Shelf(home / "skills")
    kept = shelf.read(name)
    try:
        found = understood(kept)
        if not found.asserted:
            what = f"what {kept.skill.function} returns"
            raise SetupError(f"{name} has no test that asserts {what}: add one to its file")
        place = await workshop(project_of(home), no_sandbox)
        as_tool(kept, place)
        if not await place.test(kept.source, kept.skill.function, found.tests):
            what = f"assert what {kept.skill.function} returns"
            raise SetupError(f"the tests of {name} stay green without its function: {what}")
    except ToolError as error:
        print(printable(f"{name}: red: {error}"))
        return 1
    if kept.fault:
        shelf.accept(name, kept.source)
    print(f"{name}: {len(found.tests)} passed in the sandbox {place.sandbox.tier}")
    return 0


async def _shelf(folder: Path | None) -> Shelf:
    return Shelf(await find_home_or_place(folder) / "skills")


def _state(kept: Kept) -> str:
    if not kept.enabled:
        return "disabled"
    return "edited" if kept.fault else "enabled"
