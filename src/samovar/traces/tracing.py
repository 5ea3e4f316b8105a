"""Traces, switched on by an address and by the extra `otel`; otherwise nothing happens."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from msgspec import Struct

from samovar.org.roster import Folder
from samovar.settings import load, variables
from samovar.traces.follow import Follower
from samovar.traces.span import Span

PACE = 1.0
"""Seconds between two looks at the logs."""
BATCH, KEPT = 256, 4096
"""Spans sent at once; spans kept while the collector is away, the latest."""
LAST = 4.0
"""Seconds for what is left to send at the end."""
MISSING = "pip install 'samovar[otel]'"

log = logging.getLogger(__name__)


class Target(Struct, frozen=True):
    """Where traces go."""

    endpoint: str
    headers: Mapping[str, str] = {}
    texts: bool = False
    """Whether prompts, answers and arguments of tools go along."""


class Sends(Protocol):
    """Something that takes spans."""

    def send(self, spans: Sequence[Span], /) -> bool:
        """Send spans; say whether they were taken. It blocks."""
        ...

    def close(self) -> None:
        """Send nothing more."""
        ...


def target(home: Path, environment: Mapping[str, str] = os.environ) -> Target | None:
    """Return where the traces of a home go; None when nobody wants any.

    The standard variables of OpenTelemetry count, then the table `[otel]`. Raises SetupError.
    """
    given = variables(home, environment)
    off = given.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or given.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    otel = load(home, environment).otel
    exact = given.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    base = given.get("OTEL_EXPORTER_OTLP_ENDPOINT") or otel.endpoint
    if not exact and not base:
        return None
    named = given.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS")
    text = named or given.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    pairs = (p.partition("=") for p in text.split(",") if "=" in p)
    headers = {k.strip().lower(): unquote(v.strip()) for k, _, v in pairs}
    return Target(exact or f"{base.rstrip('/')}/v1/traces", headers, otel.texts)


def standing(home: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return in a few words whether traces are sent, and where to."""
    found = target(home, environment)
    if found is None:
        return "off"
    return f"to {found.endpoint}" if _here() else f"off, though wanted: {MISSING}"


def open_sender(found: Target) -> Sends | None:
    """Return what sends to a target; None where the extra is missing."""
    try:
        from samovar.traces import sdk
    except ModuleNotFoundError:
        return None
    return sdk.by_http(found.endpoint, found.headers)


@asynccontextmanager
async def tracing(home: Path) -> AsyncIterator[None]:
    """Send what happens in a home and its agents' repositories while the block lasts."""
    found = target(home)
    sends = open_sender(found) if found else None
    if found is None or sends is None:
        if found is not None:
            log.warning("traces are wanted but not sent: %s", MISSING)
        yield
        return
    tracer = Tracer(Follower(_homes(home), found.texts), sends)
    tracer.begin()
    following = asyncio.create_task(tracer.run())
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await tracer.end()


@dataclass
class Tracer:
    """Follows logs and sends their spans; a collector that is away stops nobody."""

    follower: Follower
    sends: Sends
    _left: deque[Span] = field(default_factory=lambda: deque(maxlen=KEPT))
    _away: bool = False

    def begin(self) -> None:
        """Leave out what is in the logs already."""
        self._left.extend(self.follower.look())

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await asyncio.sleep(PACE)
            await self.step()

    async def step(self) -> None:
        """Look once, and send what there is."""
        self._left.extend(await asyncio.to_thread(self.follower.look))
        while self._left:
            batch = [self._left[n] for n in range(min(BATCH, len(self._left)))]
            if not await asyncio.to_thread(self.sends.send, batch):
                if not self._away:
                    log.warning("the collector of traces does not answer; work goes on without")
                self._away = True
                return
            self._away = False
            for _ in batch:
                self._left.popleft()

    async def end(self) -> None:
        """Send what is left, within a few seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.step(), LAST)
        self.sends.close()
        self.follower.close()


def _here() -> bool:
    """Say whether the extra is installed."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _homes(home: Path) -> Callable[[], Sequence[Path]]:
    """Return what finds the home and those of the repositories its agents work in."""
    folder = Folder(home)

    def found() -> Sequence[Path]:
        named = {p for r in folder.read().resumes.values() for p in r.permissions.repositories}
        places = [_kept(home, path) for path in sorted(named)]
        return list(dict.fromkeys([home, *(p for p in places if p is not None)]))

    return found


def _kept(home: Path, repository: str) -> Path | None:
    """Return where the runs in a repository are kept; None where it cannot be entered."""
    try:
        place = home / Path(repository).expanduser() / ".samovar"
        return place.resolve() if place.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None
