"""Keep the embedded server alive: start it again when it dies, give up when it keeps dying."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from samovar.core.errors import SetupError
from samovar.models.embedded import Child
from samovar.models.endpoint import Endpoint

_DEATHS = 3
_WITHIN = 120.0
"""So many deaths in so many seconds are enough."""
log = logging.getLogger(__name__)


class Behind(Protocol):
    """Where the model answers now."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The server behind ours; None while there is none."""
        ...


class Fixed:
    """A server that somebody else runs."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Endpoint | None = endpoint


class Keeper:
    """Runs the embedded server."""

    def __init__(self, start: Callable[[], AbstractAsyncContextManager[Child]]) -> None:
        self.start = start
        self.endpoint: Endpoint | None = None
        self.ready = asyncio.Event()
        """Set once it answers for the first time."""

    async def run(self) -> None:
        """Run it for ever. Raises SetupError when it does not start, or dies again and again."""
        deaths: list[float] = []
        while True:
            async with self.start() as child:
                self.endpoint = child.endpoint
                self.ready.set()
                try:
                    status = await child.ended()
                finally:
                    self.endpoint = None
            now = time.monotonic()
            deaths = [death for death in deaths if now - death < _WITHIN] + [now]
            if len(deaths) >= _DEATHS:
                raise SetupError(
                    f"the embedded model server died {_DEATHS} times in {_WITHIN:.0f} s (exit "
                    f"{status}): give it less context (samovar.toml) or a smaller model"
                )
            log.warning(
                "the embedded model server died and is started again", extra={"exit": status}
            )
