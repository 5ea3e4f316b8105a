"""A team on a small disk that is filled again and again; run by `test_full_disk.py`."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import relay

from samovar.core.errors import SamovarError
from samovar.models.scripted import Rules
from samovar.office import assemble, kit_on
from samovar.org.credits import Prices, Tariff
from samovar.org.roster import Folder
from samovar.org.team import Team
from samovar.store.store import open_store

POINTS, PAGE = 40, 4096


class Free:
    """One scripted model under every name."""

    loaded = "scripted"

    async def find(self, _names, /):
        return "scripted", Rules(lambda _: "")


async def pass_on(_model, asked, _type, **_limit):
    return SimpleNamespace(**relay.choice(*(m.text for m in asked)))


def fill(path: Path, pages: int) -> None:
    """Fill the disk until only so many pages are left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * PAGE)
        except OSError:
            file.truncate(max(0, file.tell() - pages * PAGE))


async def held_up(team: Team, ticks: int) -> bool:
    """Run ticks; return whether something kept one from being finished."""
    try:
        await team.engine.run(0.01, ticks)
    except (SamovarError, OSError) as error:
        assert "\n" not in str(error), error
        return True
    return False


async def main(place: Path) -> None:
    home = place / "home"
    relay.hire(home)
    count = 0
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(home))
        prices = Prices(tariffs={"*": Tariff(prompt=0, cached=0, generated=0)})
        kit = kit_on(
            store,
            models=Free(),
            choose=pass_on,
            prices=lambda: prices,
        )
        team = assemble(home, kit, Folder(home))
        for point in range(POINTS):
            await team.send("ada", f"number {point}")
            fill(place / "fill", point)
            count += await held_up(team, 3)
            (place / "fill").unlink()
            await held_up(team, 8)
    relay.judge(home, POINTS)
    sys.stdout.write(str(count))


asyncio.run(main(Path(sys.argv[1])))
