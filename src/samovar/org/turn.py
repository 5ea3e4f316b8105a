"""One turn of one agent: look, choose, act, and keep where it stands.

A turn that is cut off anywhere is taken again; what it had done by then is found and not redone.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from samovar.models.size import is_small
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.choice import ALL, PERSON, Choice, Scene, ask, by_people, meant, modest, wanted
from samovar.org.crew import Crew, charged
from samovar.org.filing import CAPPED, Filing
from samovar.org.hold import carry
from samovar.org.kit import Kit
from samovar.org.outbox import Kind, OutboxEntry, last, outbox_of, post
from samovar.org.roster import Roster
from samovar.org.seams import Approval, Job

HOPS = 12
"""Messages that lead to messages without any work in between; then the chain is cut."""
QUIET = 200
"""Ticks before a person is told of the same thing again."""
OPEN_QUESTION = 3650 * 86_400.0
"""Seconds a question to a person stays open: no act waits for it that could go stale."""


class Took(Struct, frozen=True):
    """What came of a turn, for the log."""

    action: str
    text: str = ""
    mark: Bookmark = Bookmark()
    state: str = ""
    """How the work on a task ended: done, failed or waiting; empty where none was worked on."""


@dataclass(frozen=True)
class Turns:
    """Turns of the agents of a home."""

    home: Path
    kit: Kit
    crew: Crew

    async def recover(self, agent: str, mark: Bookmark, tick: int) -> Bookmark:
        """Finish what a crash cut off: follow up the latest entry, take over what it had read.

        An entry with a lower number than the mark's comes of an outbox that began anew.
        """
        latest = last(outbox_of(self.home, agent), agent, tick)
        if latest is None or latest.seq == mark.seq:
            return mark
        if mark == Bookmark():
            mark = bookmark.rebuilt(self.home, agent, tick)
        await self._follow_up(latest)
        return replace(bookmark.caught_up(mark, latest), seq=latest.seq)

    async def take(self, scene: Scene, roster: Roster) -> Took:
        """Let an agent choose and act; what it chose to work on is left to `work`.

        Raises what its model raises.
        """
        if not scene.jobs and all(e.hops >= HOPS for e in scene.unread):
            return await self._cut(scene)
        choice = Choice("work") if scene.forced else await self._choose(scene)
        return await self._act(choice, scene, roster)

    async def claim(self, agent: str) -> Job | None:
        """Return an agent's first task, held; None when another worker was quicker.

        It may be another one than at the begin of the tick: people reorder tasks.
        """
        return await self.kit.claims.claim(self.kit.owner, self.kit.manner.lease, (agent,))

    async def work(self, scene: Scene, job: Job, mark: Bookmark) -> Took:
        """Let an agent work on a task that is held. Raises what the work raises."""
        agent, kit = scene.resume.name, self.kit
        ended = await carry(kit.claims, job, self.crew.work, kit.manner)
        if CAPPED in ended.text:
            mark = await self.warn(agent, "cap", ended.text, mark, scene.tick)
        return Took("work", f"#{job.id} {ended.state}: {ended.text}", mark, ended.state)

    async def warn(self, agent: str, thing: str, text: str, mark: Bookmark, tick: int) -> Bookmark:
        """Tell the person who owns the team, not too often about one thing; return the new mark."""
        before = mark.warned.get(thing)
        if before is not None and tick - before < QUIET:
            return mark
        draft = OutboxEntry(sender=agent, tick=tick, seq=0, kind="alert", to=(PERSON,), text=text)
        entry = post(self.home, agent, draft)
        new = replace(mark, seq=entry.seq, warned={**mark.warned, thing: tick})
        bookmark.save(self.home, agent, new)
        return new

    async def _cut(self, scene: Scene) -> Took:
        """End a chain of messages that led to nothing but messages; say whose it was."""
        senders = ", ".join(sorted({e.sender for e in scene.unread}))
        text = f"a chain of {HOPS} messages without work was cut; its end came from {senders}"
        mark = await self.warn(scene.resume.name, "chain", text, self._kept(scene), scene.tick)
        return Took("nothing", text, mark)

    async def _choose(self, scene: Scene) -> Choice:
        resume = scene.resume
        topic = "\n".join([*(e.text for e in scene.unread), *(j.text for j in scene.jobs[:1])])
        recalled = await self.kit.memory.recall(resume.name, topic)
        name, model = await self.kit.models.find(resume.models)
        front = scene.jobs[0].id if scene.jobs else 0
        payer = Job(id=front, agent=resume.name)
        paid = charged(self.kit, model, name, _key(scene), payer)
        answer: Any = await self.kit.choose(
            paid, ask(scene, recalled), wanted(scene), limit=resume.limits.reply
        )
        choice = meant(answer, scene)
        return modest(choice, scene) if is_small(self.kit.real(name)) else choice

    async def _act(self, choice: Choice, scene: Scene, roster: Roster) -> Took:
        match choice.action:
            case "work":
                # The inbox of this turn is read, whatever comes of the work.
                return Took("work", "", self._kept(scene, passed=0))
            case "task":
                return await self._task(choice, scene, roster)
            case "message":
                return self._say(choice, scene)
            case "ask":
                return await self._ask(choice, scene)
            case "note":
                await self.kit.memory.note(scene.resume.name, choice.text)
                return Took("note", choice.text, self._kept(scene))
            case "nothing":
                return Took("nothing", choice.text, self._kept(scene))

    async def _task(self, choice: Choice, scene: Scene, roster: Roster) -> Took:
        parent = self._about(scene)
        resume = scene.resume
        filing = Filing(self.home, self.kit.queue)
        draft = replace(self._draft(choice, scene), to=(choice.to,))
        if await filing.doubled(draft, parent):
            return Took("nothing", f"{choice.to} has this task: {choice.text}", self._kept(scene))
        refused = await filing.refusal(resume, draft, parent, roster)
        if refused:
            mark = self._kept(scene)
            text = f"{refused}; refused: {choice.text[:500]}"
            mark = await self.warn(resume.name, "cap", text, mark, scene.tick)
            return Took("refused", refused, mark)
        doer, source = roster.resumes[choice.to], self._source(scene)
        places = (source.repo if source else "", *doer.permissions.repositories)
        repo = next((place for place in places if place), "")
        if doer.craft == "code" and not repo:
            return self._homeless(choice, scene)
        entry, job = await filing.file(draft, parent, repo)
        return Took("task", f"#{job.id} for {choice.to}: {choice.text}", self._said(scene, entry))

    def _homeless(self, choice: Choice, scene: Scene) -> Took:
        """File no code for who has no repository; a person who wants it hears what is missing."""
        text = f"{choice.to} has no repository for: {choice.text}"
        if not by_people(scene.unread):
            return Took("nothing", text, self._kept(scene))
        how = "name one by `queue add --repo`, or in permissions.repositories of its resume"
        return self._say(Choice("message", PERSON, f"{text}; {how}"), scene)

    def _say(self, choice: Choice, scene: Scene) -> Took:
        entry = self._post(choice, scene, "message")
        return Took("message", f"to {choice.to}: {choice.text}", self._said(scene, entry))

    async def _ask(self, choice: Choice, scene: Scene) -> Took:
        entry = self._post(replace(choice, to=PERSON), scene, "question")
        # Before it is said to be done: else a crash in between would lose the question.
        await self._follow_up(entry)
        return Took("question", f"to {PERSON}: {choice.text}", self._said(scene, entry))

    def _post(self, choice: Choice, scene: Scene, kind: Kind) -> OutboxEntry:
        to = () if choice.to == ALL else (choice.to,)
        draft = replace(self._draft(choice, scene), kind=kind, to=to)
        return post(self.home, scene.resume.name, draft)

    async def _follow_up(self, entry: OutboxEntry) -> None:
        """Do what an entry announces, once however often this is called."""
        match entry.kind:
            case "task":
                await Filing(self.home, self.kit.queue).follow_up(entry)
            case "question":
                digest = hashlib.sha256(f"{entry.id}\n{entry.text}".encode()).hexdigest()
                question = Approval(
                    agent=entry.sender,
                    act="question",
                    digest=digest,
                    text=entry.text,
                    task=entry.job,
                    note=entry.id,
                )
                await self.kit.approvals.ask(question, OPEN_QUESTION)
            case _:
                return

    def _draft(self, choice: Choice, scene: Scene) -> OutboxEntry:
        source = self._source(scene)
        return OutboxEntry(
            sender=scene.resume.name,
            tick=scene.tick,
            seq=0,
            text=choice.text,
            job=self._about(scene),
            repo=source.repo if source else "",
            run=source.run if source else "",
            reply_to=source.id if source else "",
            hops=1 + max((e.hops for e in scene.unread), default=-1),
            read={w: s for w, s in scene.place.items() if s != scene.mark.read.get(w, 0)},
        )

    def _source(self, scene: Scene) -> OutboxEntry | None:
        """Return the message a turn most likely answers: the latest that names a run, or any."""
        with_run = [e for e in scene.unread if e.run]
        found = with_run or list(scene.unread)
        return found[-1] if found else None

    def _about(self, scene: Scene) -> int:
        """Return the task a turn is about; 0 for none. What a person says is about no other."""
        if scene.jobs and not by_people(scene.unread):
            return scene.jobs[0].id
        return next((e.job for e in reversed(scene.unread) if e.job), 0)

    def _said(self, scene: Scene, entry: OutboxEntry) -> Bookmark:
        return self._kept(scene, seq=entry.seq)

    def _kept(self, scene: Scene, *, seq: int = 0, passed: int | None = None) -> Bookmark:
        """Store where the agent stands after this turn."""
        count = scene.mark.passed + 1 if scene.jobs else 0
        mark = replace(
            scene.mark,
            tick=scene.tick,
            seq=max(seq, scene.mark.seq),
            read=scene.place,
            passed=count if passed is None else passed,
            deaf=scene.mark.deaf + 1 if scene.behind else 0,
        )
        bookmark.save(self.home, scene.resume.name, mark)
        return mark


def _key(scene: Scene) -> str:
    """Return what makes a turn that is taken again after a crash cost once.

    Where its agent stands is part of it: the next turn of an interrupted tick is another one.
    """
    where = hashlib.sha256(bookmark.encode(scene.mark)).hexdigest()[:16]
    return f"tick:{scene.resume.name}:{scene.tick}:{where}"
