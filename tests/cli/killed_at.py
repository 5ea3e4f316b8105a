"""The command, killed at a named point: killed_at.py "before PLACE"|"after PLACE" WORDS...

PLACE is an async function of a class, as `samovar.repo.git:Git.push`; what kills is SIGKILL.
"""

import importlib
import os
import signal
import sys
from functools import wraps

from samovar.cli.main import main


def deadly(moment: str, place: str) -> None:
    """Have this process end right before, or right after, the first call of a function."""
    module, _, path = place.partition(":")
    owner, _, name = path.partition(".")
    found = getattr(importlib.import_module(module), owner)
    inner = getattr(found, name)

    @wraps(inner)
    async def outer(*words, **named):
        if moment == "after":
            await inner(*words, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(found, name, outer)


deadly(*sys.argv.pop(1).split())
main()
