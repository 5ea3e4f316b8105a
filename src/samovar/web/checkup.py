"""What the doctor found, for the System page: asked in the background, and kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from samovar.core.errors import SamovarError, SetupError


class Finding(Protocol):
    """One line of the doctor's report."""

    @property
    def name(self) -> str:
        """What was looked at, such as `sandbox`."""
        ...

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        ...

    @property
    def text(self) -> str:
        """What was found."""
        ...

    @property
    def fix(self) -> str:
        """What to do about it; empty for nothing."""
        ...


Doctor = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass
class Checkup:
    """The doctor of a server and its latest report. No page ever waits for it."""

    doctor: Doctor | None = None
    """None where nobody can be asked: `samovar doctor` says it in a terminal."""
    lines: Sequence[Finding] = ()
    at: datetime | None = None
    """When the report was made; None before the first."""
    error: str = ""
    """Why there is no report."""
    _asking: "asyncio.Task[None] | None" = field(default=None, repr=False)

    @property
    def at_work(self) -> bool:
        """Whether the doctor is looking now."""
        return self._asking is not None and not self._asking.done()

    def begin(self, then: Callable[[], None]) -> None:
        """Ask in the background, unless that goes on already; `then` is called at the end.

        Raises SetupError where there is no doctor.
        """
        if self.doctor is None:
            raise SetupError("this server cannot examine the machine: run 'samovar doctor'")
        if not self.at_work:
            self._asking = asyncio.create_task(self._ask(self.doctor, then))

    def once(self, then: Callable[[], None]) -> None:
        """Ask in the background if nobody has asked yet."""
        if self.doctor is not None and self._asking is None:
            self.begin(then)

    def text(self, name: str) -> str:
        """Return what was found of one thing; empty before the first report."""
        return next((f.text for f in self.lines if f.name == name), "")

    async def _ask(self, doctor: Doctor, then: Callable[[], None]) -> None:
        try:
            self.lines, self.error = await doctor(), ""
        except (SamovarError, OSError) as error:
            self.error = str(error)
        self.at = datetime.now(UTC)
        then()
