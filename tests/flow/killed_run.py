"""A run in a process of its own, to be killed: python killed_run.py PROJECT LOG."""

import asyncio
import sys
from pathlib import Path

from doubles import CASES, RIGHT, WRONG, Cases, Memory, answering, drive, fenced, kit, opened

from samovar.core.log import JsonlLog
from samovar.repo import git


class Slow(Cases):
    """Checks that take a moment, so that a kill may fall into them."""

    async def test(self, name, command, changed):
        await asyncio.sleep(0.02)
        return await super().test(name, command, changed)


async def main(project: Path, path: Path) -> None:
    repo = await git.open(project)
    log = JsonlLog(path)
    if not log.read():
        base = await repo.head()
        log.append(opened("killed", base=base, off=("search",)))
    said = answering("no code", fenced(WRONG.replace("[0]", "[-1]")), fenced(RIGHT))
    checks = Slow(Memory({"middle.py": WRONG}), CASES)
    await drive(kit(said, checks=checks, repo=repo, push=True), log)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
