"""Ledger, approvals, effects and parcels in memory, as long as the process lives; for trials."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from samovar.core.errors import Refused, SetupError
from samovar.core.text import storable
from samovar.org.parcel import pack, place
from samovar.org.seams import (
    NO_LIMIT,
    Approval,
    ApprovalState,
    Charge,
    Effect,
    LedgerEntry,
)
from samovar.store.clock import Clock
from samovar.store.ledger import refusal, too_much

_OPEN: tuple[ApprovalState, ...] = ("asked", "granted")


class MemoryLedger:
    """`samovar.org.seams.Ledger` in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.lines: list[LedgerEntry] = []
        self.keys: set[str] = set()

    async def charge(self, charge: Charge, per_day: int = NO_LIMIT, /) -> int:
        """Take credits and return the balance left. Raises NoCredit, then nothing was taken."""
        if charge.amount < 0:
            raise ValueError("a charge takes credits; to give some, use grant")
        balance = self._balance(charge.agent)
        if charge.key in self.keys:
            return balance
        spent = await self.spent(charge.agent, self.clock.wall().date())
        if charge.amount > balance or spent + charge.amount > per_day:
            raise refusal(charge, balance, spent, per_day)
        line = LedgerEntry(
            id=len(self.lines) + 1,
            at=self.clock.wall(),
            agent=charge.agent,
            amount=-charge.amount,
            balance=balance - charge.amount,
            task=charge.task,
            run=charge.run,
            model=charge.model,
            tokens=charge.tokens,
            note=charge.note,
        )
        return self._write(line, charge.key)

    async def grant(
        self, agent: str, amount: int, /, *, by: str, note: str = "", key: str = ""
    ) -> int:
        """Give credits, or take some back, and return the balance. Raises NoCredit."""
        balance = self._balance(agent)
        if key in self.keys:
            return balance
        if balance + amount < 0:
            raise too_much(agent, balance, -amount)
        line = LedgerEntry(
            id=len(self.lines) + 1,
            at=self.clock.wall(),
            agent=agent,
            amount=amount,
            balance=balance + amount,
            note=note,
            by=by,
        )
        return self._write(line, key)

    async def balance(self, agent: str, /) -> int:
        """Return what an agent has; 0 for one nobody knows."""
        return self._balance(agent)

    async def balances(self) -> Mapping[str, int]:
        """Return what every agent has."""
        return {line.agent: line.balance for line in self.lines}

    async def spent(self, agent: str, day: date, /) -> int:
        """Return what an agent spent on a day (UTC)."""
        return -sum(x.amount for x in self._charges() if x.agent == agent and x.at.date() == day)

    async def spent_today(self) -> int:
        """Return what everybody together spent on this day (UTC)."""
        day = self.clock.wall().date()
        return sum(x.spent for x in self._charges() if x.at.date() == day)

    async def entries(
        self, agent: str = "", /, *, after: int = 0, limit: int = 500
    ) -> Sequence[LedgerEntry]:
        """Return lines with an id above `after`, the oldest first; of all agents by default."""
        found = [x for x in self.lines if x.id > after and agent in ("", x.agent)]
        return found[:limit]

    async def sums(self, by: Literal["agent", "task", "model"], /) -> Mapping[str, int]:
        """Return what was spent in all, by agent, task or model."""
        found: Counter[str] = Counter()
        for x in self._charges():
            names = {"agent": x.agent, "task": x.task, "model": x.model}
            found[str(names[by])] -= x.amount
        return dict(found)

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        """Return what was spent by day (UTC, `2026-11-21`) and agent, from a day on."""
        found: dict[str, Counter[str]] = {}
        for x in self._charges():
            if x.at.date() >= since:
                found.setdefault(x.at.date().isoformat(), Counter())[x.agent] += x.spent
        return found

    def _charges(self) -> list[LedgerEntry]:
        return [x for x in self.lines if x.spent]

    def _balance(self, agent: str) -> int:
        return next((x.balance for x in reversed(self.lines) if x.agent == agent), 0)

    def _write(self, line: LedgerEntry, key: str) -> int:
        self.lines.append(line)
        self.keys |= {key} - {""}
        return line.balance


class MemoryApprovals:
    """`samovar.org.seams.Approvals` in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.held: list[Approval] = []

    async def ask(self, approval: Approval, seconds: float, /) -> Approval:
        """Ask a person; an open question about the same digest is returned instead of doubled."""
        for known in self.held:
            if known.digest == approval.digest and known.state in _OPEN:
                if self._shown(known) == known:
                    return known
                # It is asked anew: of one act, one question or word is open.
                self._keep(replace(known, state="expired"))
        now = self.clock.wall()
        fresh = replace(
            approval,
            id=len(self.held) + 1,
            state="asked",
            by="",
            asked=now,
            expires=now + timedelta(seconds=seconds),
            answered=None,
        )
        self.held.append(fresh)
        return self._keep(fresh)

    async def answer(self, id: int, yes: bool, /, *, by: str, note: str = "") -> Approval:
        """Record a person's word. Raises SetupError when there is no open question of that id."""
        if id not in [known.id for known in await self.list(("asked",))]:
            raise SetupError(f"question {id} is not open: it was answered before, or has expired")
        state: ApprovalState = "granted" if yes else "refused"
        word = replace(self.held[id - 1], state=state, by=by, note=note)
        return self._keep(replace(word, answered=self.clock.wall()))

    async def use(self, digest: str, /) -> Approval:
        """Spend the granted approval of exactly this act. Raises Refused when there is none."""
        for known in await self.list(("granted",)):
            if known.digest == digest:
                return self._keep(replace(known, state="used"))
        raise Refused("nobody allowed exactly this act, or the word was used or has expired")

    async def withdraw(self, task: int, /) -> None:
        """Let the open questions that a task waits for expire: it goes on no more."""
        for known in self.held:
            if known.task == task and known.state == "asked" and not known.entry:
                self._keep(replace(known, state="expired"))

    async def list(self, states: Sequence[ApprovalState] = ("asked",), /) -> Sequence[Approval]:
        """Return approvals in these states, the oldest first."""
        return [known for known in map(self._shown, self.held) if known.state in states]

    def _shown(self, known: Approval) -> Approval:
        """Return an approval as it is now: nobody answered it, or used it, in time."""
        over = known.expires is not None and known.expires <= self.clock.wall()
        return replace(known, state="expired") if over and known.state in _OPEN else known

    def _keep(self, approval: Approval) -> Approval:
        words = {"text": storable(approval.text), "note": storable(approval.note)}
        self.held[approval.id - 1] = replace(approval, **words)
        return self.held[approval.id - 1]


class MemoryEffects:
    """`samovar.org.seams.Effects` in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.held: dict[str, Effect] = {}

    async def intend(self, key: str, what: str, /) -> Effect:
        """Record that an act is about to be done; return what is known of that key."""
        if key in self.held:
            return self.held[key]
        self.held[key] = Effect(key=key, what=what, intended=self.clock.wall())
        return replace(self.held[key], fresh=True)

    async def complete(self, key: str, result: str, /) -> Effect:
        """Record that the act was done. Raises SetupError for a key nobody intended."""
        if key not in self.held:
            raise SetupError(f"the act {key!r} was never intended; call intend first")
        self.held[key] = replace(self.held[key], done=True, result=result)
        return self.held[key]

    async def pending(self) -> Sequence[Effect]:
        """Return the acts that were intended and not completed, the oldest first."""
        return [e for e in self.held.values() if not e.done]

    async def forget(self, key: str, /, *, older: float = 0.0) -> None:
        """Forget the acts whose keys begin so and that were intended so many seconds ago."""
        latest = self.clock.wall() - timedelta(seconds=older)
        for name, act in list(self.held.items()):
            if name.startswith(key) and act.intended and act.intended <= latest:
                del self.held[name]


class MemoryParcels:
    """`samovar.org.parcel.Parcels` in memory."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held: dict[str, tuple[Mapping[str, Any], dict[str, bytes]]] = {}

    async def send(self, name: str, note: Mapping[str, Any], files: Mapping[str, Path], /) -> None:
        """Store files, by their paths in the parcel, with a note of plain JSON."""
        pack(files, self.most)
        self.held[name] = (dict(note), {path: file.read_bytes() for path, file in files.items()})

    async def names(self) -> Sequence[str]:
        """Return the names of all parcels, sorted."""
        return sorted(self.held)

    async def take(self, name: str, folder: Path, /) -> Mapping[str, Any] | None:
        """Write the files of a parcel below a folder and return its note; None without one."""
        if name not in self.held:
            return None
        note, files = self.held[name]
        for path, data in files.items():
            target = place(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return note

    async def drop(self, names: Sequence[str], /) -> None:
        """Forget parcels."""
        for name in names:
            self.held.pop(name, None)
