"""How many threads the embedded server should compute with: measured, since guesses are wrong.

llama.cpp waits by spinning. On idle cores every core pays; on busy ones two threads are ten times
slower than one.
"""

import os
from collections.abc import Callable
from pathlib import Path

from samovar.models.embedded import embedded
from samovar.models.interview import Interview

_WRITTEN = 24
"""Generated tokens of a trial."""
_PAYS = 1.15
"""More threads must bring this many times the tokens."""
_PATIENCE = 180.0


async def paying(weights: Path, tell: Callable[[str], None] = lambda _: None) -> int:
    """Return the number of threads that pays now, trying each with a server of its own.

    Raises SetupError when the server does not start.
    """
    best, rate = 1, 0.0
    for count in choices(len(os.sched_getaffinity(0))):
        tell(f"{count} thread{'s' if count > 1 else ''}")
        async with embedded(weights, threads=count, context=1024) as endpoint:
            interview = Interview(endpoint)
            await interview.attempt("Say yes.", limit=2, seconds=_PATIENCE)
            answer = await interview.attempt(
                "Count from 1 to 99.", limit=_WRITTEN, seconds=_PATIENCE
            )
        now = answer.generate if answer else 0.0
        if now < rate * _PAYS:
            break
        best, rate = count, now
    return best


def choices(cores: int) -> list[int]:
    """Return the numbers worth a trial: one, half of the cores, all but one, all."""
    return sorted({1, max(1, cores // 2), max(1, cores - 1), cores})
