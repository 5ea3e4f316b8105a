"""A home with runs and a team in memory, for the tests of the pages."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from litestar.types import ASGIApp
from msgspec.structs import replace

from samovar.app import App
from samovar.core.errors import Missing, SetupError
from samovar.org.seams import NO_LIMIT, Approval, Effects, Job, LedgerEntry, NoCredit
from samovar.web.desk import Desk
from samovar.web.guard import said
from samovar.web.happening import Happening
from samovar.web.keys import ENDED, Keys
from samovar.web.once import Once
from samovar.web.shelf import Shelf
from samovar.web.verbs import Agent, Mail, Office, Status
from samovar.workshop import Workshop

TOKEN = "a-token-for-tests-only-0123456789"
HOST = "127.0.0.1:8000"
BASE = f"http://{HOST}"
BEARER = {"authorization": f"Bearer {TOKEN}"}
GOLDENS = Path(__file__).parents[1] / "goldens"
NOW = datetime.now(UTC)
DIFF = """\
diff --git a/middle.py b/middle.py
index 1111111..2222222 100644
--- a/middle.py
+++ b/middle.py
@@ -1,3 +1,3 @@
 def middle(values):
     ordered = sorted(values)
-    return ordered[0]
+    return ordered[len(ordered) // 2]
"""


@dataclass
class Team:
    """An organisation in memory: four sets of verbs over a few lists."""

    people: list[Agent] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)
    mail: list[Mail] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    asked: dict[int, Approval] = field(default_factory=dict)
    said: str = "no model answers"
    most: dict[str, int] = field(default_factory=dict)

    async def agents(self) -> Sequence[Agent]:
        return self.people

    async def messages(self, agent: str = "", limit: int = 200, after: str = "") -> Sequence[Mail]:
        found = [m for m in self.mail if not agent or m.agent == agent]
        ids = [m.id for m in found]
        if after and after not in ids:
            raise Missing(f"there is no message {after!r}")
        return found[ids.index(after) + 1 if after else 0 :][:limit]

    async def send(self, to: str, text: str, /) -> str:
        if to != "all":
            self._known(to)
        self.mail.insert(
            0,
            Mail(
                id=f"person:you/{len(self.mail)}",
                agent="person:you",
                at=datetime.now(UTC),
                kind="message",
                to=() if to == "all" else (to,),
                text=text,
                person=True,
            ),
        )
        return self.mail[0].id

    async def talk(self, agent: str, limit: int = 100, /) -> Sequence[Mail]:
        found = [
            m
            for m in self.mail
            if (m.person and agent in m.to) or (m.agent == agent and "person" in m.to)
        ]
        return sorted(found, key=lambda m: m.at)[-limit:]

    def answer_back(self, agent: str, text: str) -> None:
        """Let an agent write to the person."""
        at, number = datetime.now(UTC), len(self.mail)
        said = Mail(
            id=f"{agent}/{number}", agent=agent, at=at, kind="message", to=("person",), text=text
        )
        self.mail.insert(0, said)

    async def status(self) -> Status:
        return Status(tick=42, engine="running", facts={"store": "memory"})

    def homes(self) -> Sequence[Path]:
        return ()

    async def turns(self) -> Mapping[str, Mapping[int, str]]:
        words = ("ran", "rested", "idle", "failed", "at work", "idle", "ran")
        rows = {a.name: {t: words[t * (n + 3) % 7] for t in range(43)} for n, a in self._numbered()}
        return {a: {t: w for t, w in row.items() if w != "idle"} for a, row in rows.items()}

    async def acts(self) -> Sequence[Happening]:
        return [Happening(at=NOW, who="tester", what="failed", text=self.said, model="tiny")]

    async def log(self, lines: int, /) -> Sequence[str]:
        return [f"2026-11-21 10:00:{n:02} failed agent=tester {self.said}" for n in range(4)]

    def _numbered(self) -> list[tuple[int, Agent]]:
        return list(enumerate(self.people))

    async def papers(self, agent: str, /) -> Mapping[str, str]:
        return {"notes.md": f"# Notes of {agent}\n"}

    async def tasks(self, agent: str = "") -> Sequence[Job]:
        found = [j for j in self.jobs.values() if not agent or j.agent == agent]
        return sorted(found, key=lambda j: (-j.priority, j.position, j.id))

    async def latest(self, agent, states, below: int, limit: int, /) -> Sequence[Job]:
        fits = [j for j in await self.tasks(agent) if not states or j.state in states]
        found = [j for j in fits if not below or j.id < below]
        return sorted(found, key=lambda j: -j.id)[:limit]

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, Counter[str]] = {}
        for job in self.jobs.values():
            found.setdefault(job.agent, Counter())[job.state] += 1
        return found

    async def job(self, id: int, /) -> Job:
        return self._job(id)

    async def works(self) -> Mapping[str, int]:
        return {j.run: j.id for j in self.jobs.values() if j.run}

    async def again(self, id: int, run: str = "", /) -> Job:
        old = self._job(id)
        made = await self.submit(old.text, old.agent)
        return self._change(made.id, repo=old.repo, run=run)

    async def submit(self, text: str, agent: str, /, repo: str = "", push: bool = False) -> Job:
        name = agent or self.people[0].name
        self._known(name)
        number = max(self.jobs, default=0) + 1
        self.jobs[number] = Job(
            id=number,
            agent=name,
            text=text,
            repo=repo,
            data={"push": True} if push else {},
            position=number,
            created=NOW,
            created_by="person:you",
        )
        return self.jobs[number]

    async def move(self, id: int, agent: str, /) -> Job:
        self._known(agent)
        return self._change(id, agent=agent)

    async def reorder(self, id: int, before: int, /) -> Job:
        last = max(j.position for j in self.jobs.values()) + 1
        place = self._job(before).position if before else last
        for other in list(self.jobs.values()):
            if other.position >= place:
                self._change(other.id, position=other.position + 1)
        return self._change(id, position=place)

    async def cancel(self, id: int, reason: str, /) -> Job:
        return self._change(id, state="cancelled", reason=reason)

    async def revive(self, id: int, /) -> Job:
        return self._change(id, state="ready", attempts=0, reason="")

    async def balances(self) -> Mapping[str, int]:
        return {e.agent: e.balance for e in self.ledger}

    async def entries(self) -> Sequence[LedgerEntry]:
        return self.ledger

    async def lines(self, agent: str, after: int, limit: int, /) -> Sequence[LedgerEntry]:
        fits = [e for e in self.ledger if e.id > after and agent in ("", e.agent)]
        return fits[:limit]

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, Counter[str]] = {}
        for entry in self.ledger:
            if entry.spent and entry.at.date() >= since:
                found.setdefault(entry.at.date().isoformat(), Counter())[entry.agent] += entry.spent
        return found

    async def grant(self, agent: str, amount: int, /) -> int:
        self._known(agent)
        left = (await self.balances()).get(agent, 0) + amount
        if left < 0:
            raise NoCredit(f"{agent} has not that much")
        number = len(self.ledger) + 1
        self.ledger.append(
            LedgerEntry(id=number, at=NOW, agent=agent, amount=amount, balance=left, by="person")
        )
        return left

    async def costs(self) -> Mapping[int, int]:
        return {n: sum(e.spent for e in self.ledger if e.task == n) for n in self.jobs}

    async def spent_by(self, by: str, /) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for entry in self.ledger:
            found[str(getattr(entry, by))] += entry.spent
        return +found

    async def spent_today(self) -> int:
        return sum(e.spent for e in self.ledger if e.at.date() == datetime.now(UTC).date())

    async def limits(self, agents: Sequence[str], /) -> Mapping[str, int]:
        return {a: self.most[a] for a in agents if a in self.most}

    async def limit(self, agent: str, per_day: int, /) -> None:
        self._known(agent)
        self.most = {a: n for a, n in self.most.items() if a != agent}
        self.most |= {agent: per_day} if per_day < NO_LIMIT else {}

    async def approvals(self) -> Sequence[Approval]:
        return [a for a in self.asked.values() if a.state == "asked"]

    async def approval(self, id: int, /) -> Approval | None:
        return self.asked.get(id)

    async def answer(self, id: int, digest: str, yes: bool, note: str, /) -> Approval:
        found = self.asked.get(id)
        if found is None or found.state != "asked" or found.digest != digest:
            raise SetupError("there is no open question of that number and hash")
        self.asked[id] = replace(found, state="granted" if yes else "refused", note=note)
        return self.asked[id]

    def _known(self, name: str) -> None:
        if name not in [a.name for a in self.people]:
            raise Missing(f"there is no agent {name!r} here")

    def _job(self, id: int) -> Job:
        if id not in self.jobs:
            raise Missing(f"there is no task {id}")
        return self.jobs[id]

    def _change(self, id: int, **fields: object) -> Job:
        self.jobs[id] = replace(self._job(id), **fields)
        return self.jobs[id]


class Bells:
    """Doorbells of a server that carries none yet."""

    troubles = (ConnectionError,)

    async def queues(self) -> Mapping[str, object]:
        return {}


def office(made: Team) -> Office:
    return Office(made, made, made, made, Bells())


def once(app: ASGIApp, effects: Effects) -> Once:
    """Return an application that acts once, and says in JSON what it refuses."""
    return Once(app, effects, lambda _scope, status, text, _kept: said(status, text))


def put_run(home: Path, run: str, golden: str, hostile: str = "", cut: int = 0) -> Path:
    """Write a run from a golden log; `cut` leaves lines out at its end."""
    folder = home / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    lines = (GOLDENS / f"{golden}.jsonl").read_text().splitlines()
    lines = lines[: len(lines) - cut]
    text = "\n".join(lines).replace(f'"run":"{golden}"', f'"run":"{run}"') + "\n"
    if hostile:
        text = "\n".join(json.dumps(_with(json.loads(line), hostile)) for line in lines) + "\n"
    (folder / "events.jsonl").write_text(text)
    (folder / "change.diff").write_text(DIFF.replace("ordered[0]", hostile or "ordered[0]"))
    return folder


def _with(value: object, hostile: str) -> object:
    """Put a text into every place of an event that free text can reach."""
    free = {"text", "why", "excerpt", "answer", "complaint", "message", "outcome", "title", "note"}
    if isinstance(value, dict):
        return {
            k: hostile if k in free and isinstance(v, str) else _with(v, hostile)
            for k, v in value.items()
        }
    return [_with(v, hostile) for v in value] if isinstance(value, list) else value


def put_waiting(home: Path, run: str = "20261121-110000-waits-0001") -> Path:
    """Write a run that waits for a person's word on its commit."""
    folder = put_run(home, run, "solved", cut=9)
    asked = {"type": "asked", "act": "commit", "digest": hashlib.sha256(DIFF.encode()).hexdigest()}
    closed = {"type": "closed", "outcome": "waits for a person's yes", "ok": False, "exit_code": 4}
    with open(folder / "events.jsonl", "a") as log:
        for number, event in enumerate((asked, closed), 13):
            line = {"seq": number, "at": "2026-01-02T03:04:18Z", "event": event}
            log.write(json.dumps(line) + "\n")
    return folder


def home_with_runs(home: Path, hostile: str = "") -> Path:
    put_run(home, "20261121-100000-solved-0001", "solved", hostile)
    put_run(home, "20261120-100000-failed-0002", "failed", hostile)
    put_run(home, "20261121-113000-stopped-0003", "solved", hostile, cut=12)
    return home


def desk(
    home: Path, made: Team | None = None, workshop: Workshop | None = None, host: str = HOST
) -> Desk:
    app = App(home)
    return Desk(
        app=app,
        shelf=Shelf(app),
        keys=Keys(TOKEN, home / ENDED),
        hosts=frozenset({host}),
        office=office(made) if made else None,
        workshop=workshop,
    )
