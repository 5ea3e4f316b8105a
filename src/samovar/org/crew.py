"""Working on a task: by writing an answer, by handing out tasks, or by code through the flow.

The engine and every `samovar worker` do it in the same way.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from samovar.core.errors import SetupError
from samovar.core.message import Message, Request, Sampling
from samovar.core.seams import Model
from samovar.core.text import one_line
from samovar.models.size import is_small
from samovar.org.choice import PERSON, template, who
from samovar.org.filing import Filing
from samovar.org.journal import agent_log
from samovar.org.kit import Brief, Kit, Worked
from samovar.org.minutes import Minutes
from samovar.org.outbox import OutboxEntry, backwards, outbox_of, post
from samovar.org.parts import parts
from samovar.org.plan import MOST, Order, completed, doers, drafted, listed, routed, whose
from samovar.org.purse import Purse
from samovar.org.resume import Resume
from samovar.org.roster import Roster
from samovar.org.seams import Charge, Ended, Hold, Job, Queue

_NOBODY = "of its teammates nobody can: who writes code has no repository"
_STEADY = Sampling(temperature=0.2)


async def _no_material(_job: Job, /) -> str:
    return ""


@dataclass(frozen=True)
class Crew:
    """The agents of a home at work on tasks."""

    home: Path
    kit: Kit
    roster: Callable[[], Roster]
    tick: Callable[[], int]
    material: Callable[[Job], Any] = _no_material
    """What belongs to a task, such as the difference of its run."""
    stand_ins: dict[int, str] = field(default_factory=dict)
    """By task: which model works on it in place of the agent's own, in words."""

    async def work(self, job: Job, hold: Hold, /) -> Ended:
        """Work on a task and say in the agent's outbox how it ended."""
        roster = self.roster()
        resume = roster.able(job.agent)
        known = self._reported(job)
        if known is not None:
            return known
        try:
            worked = await self._craft(job, resume, roster, hold)
            await hold()
            self._report(job, resume, worked)
        finally:
            self.stand_ins.pop(job.id, None)
        return worked.ended

    def meter(self, job: Job, resume: Resume, act: str) -> Callable[[Model, str], Model]:
        """Return what makes a model charge the agent for an act of an attempt at this task."""
        key = f"job:{job.id}:{job.attempts}:{job.fence}:{act}"

        def metered(model: Model, name: str, /) -> Model:
            self._heed(job, resume, name)
            return charged(self.kit, model, name, key, job)

        return metered

    def _heed(self, job: Job, resume: Resume, name: str) -> None:
        """Take note of a model that works on a task in place of the agent's own."""
        own, took = self.kit.real(resume.model), self.kit.real(name)
        # What the usual one is called may be known only once it answers.
        if own in ("", took):
            return
        self.stand_ins[job.id] = f"{took} answered in place of {own}"
        log, why = agent_log(self.home, job.agent), self.kit.missed(resume.model)
        log.add("model", task=job.id, text=self.stand_ins[job.id], why=why)

    async def _craft(self, job: Job, resume: Resume, roster: Roster, hold: Hold) -> Worked:
        match resume.craft:
            case "code":
                return await self.kit.code(job, resume, self.meter(job, resume, "code"), hold)
            case "plan" if roster.readers.get(resume.name):
                return await self._lead(job, resume, roster, hold)
            case _:
                acted = await self._act("act", job, resume, roster, hold)
                if isinstance(acted, Worked):
                    return acted
                return Worked(await self._write(job, resume, roster, hold, acted))

    async def _act(
        self, prompt: str, job: Job, resume: Resume, roster: Roster, hold: Hold
    ) -> Worked | str:
        """Let an agent act with its tools; return what to show it when it needs none."""
        if not resume.permissions.tools:
            return ""
        who_it_is, what = await self._question(prompt, job, resume, roster)
        brief = Brief(f"{who_it_is.text}\n\n{template('tools').template}", what.text)
        return await self.kit.act(job, resume, brief, self.meter(job, resume, prompt), hold)

    async def _write(
        self, job: Job, resume: Resume, roster: Roster, hold: Hold, shown: str
    ) -> Ended:
        question = await self._question("work", job, resume, roster, shown)
        asked = plainly(resume, question)
        found = await self.kit.models.find(resume.models)
        async with self._noted("work", job, resume, found, question, hold) as model:
            reply = await model.reply(asked)
        text = reply.text.strip()
        if not text:
            return Ended(state="failed", text="the model answered nothing")
        cut = "" if reply.finish == "stop" else "\n[... cut at the limit of a reply]"
        return Ended(text=text + cut)

    async def _lead(self, job: Job, resume: Resume, roster: Roster, hold: Hold) -> Worked:
        """Hand a task out: by its words with a small model, else by a plan."""
        team = doers(job, mates(resume, roster), roster)
        if not team:
            return Worked(Ended(state="failed", text=_NOBODY))
        found = await self.kit.models.find(resume.models)
        planned, facts = [], ""
        if is_small(self.kit.real(found[0])):
            planned = listed(job.text, team)
        elif isinstance(looked := await self._act("look", job, resume, roster, hold), Worked):
            if looked.ended.state != "done":
                return looked
            facts = looked.ended.text
        if not planned or not all(order.to for order in planned):
            form, prompt = (routed(team, planned), "route") if planned else (drafted(team), "plan")
            question = await self._question(prompt, job, resume, roster, facts, whose(planned))
            async with self._noted("plan", job, resume, found, question, hold) as model:
                answer = await self.kit.choose(model, question, form, limit=resume.limits.reply)
            planned = completed(answer, planned)
        return Worked(await self._hand_all_out(planned, job, resume, roster))

    async def _hand_all_out(
        self, planned: list[Order], job: Job, resume: Resume, roster: Roster
    ) -> Ended:
        """File the tasks of a plan; those of an earlier attempt's plan, if a crash cut it off."""
        key = f"plan:{job.id}"
        known = await self.kit.effects.intend(key, msgspec.json.encode(planned).decode())
        if known.result:
            return Ended(text=known.result)
        if not known.done:
            planned = msgspec.json.decode(known.what, type=list[Order])
        said = [await self._hand_out(order, job, resume, roster) for order in planned]
        text = "\n".join(said)
        done = any(line.startswith("#") for line in said)
        await self.kit.effects.complete(key, text if done else "")
        return Ended(state="done" if done else "failed", text=text or "no task came out")

    async def _hand_out(self, order: Order, job: Job, resume: Resume, roster: Roster) -> str:
        """File one task of a plan; return what came of it, in a line with # where it was filed."""
        filing = Filing(self.home, self.kit.queue)
        draft = OutboxEntry(
            sender=resume.name,
            tick=self.tick(),
            seq=0,
            to=(order.to,),
            text=order.text,
            run=job.run,
        )
        before = await filing.filed(draft, job.id)
        if before:
            return f"#{before} for {order.to}: {order.text}"
        refused = await filing.refusal(resume, draft, job.id, roster)
        if not refused and await filing.doubled(draft, job.id):
            refused = "it is among its tasks"
        if refused or not draft.text:
            return f"not given to {order.to}: {refused or 'it says nothing'}"
        _, filed = await filing.file(draft, job.id, job.repo)
        return f"#{filed.id} for {order.to}: {order.text}"

    async def _question(
        self,
        prompt: str,
        job: Job,
        resume: Resume,
        roster: Roster,
        facts: str = "",
        of_whom: str = "",
    ) -> tuple[Message, Message]:
        notes = await self.kit.memory.recall(resume.name, job.text)
        notes = f"Your notes:\n{notes}" if notes else ""
        found = f"What you found out:\n{facts}" if facts else ""
        shown = [await context(self.kit.queue, job), notes, await self.material(job), found]
        filled = template(prompt).substitute(
            id=job.id,
            text=job.text,
            material="\n\n".join(p for p in shown if p),
            most=MOST,
            whose=of_whom,
        )
        return Message("system", who(resume, mates(resume, roster))), Message("user", filled)

    @asynccontextmanager
    async def _noted(
        self,
        act: str,
        job: Job,
        resume: Resume,
        found: tuple[str, Model],
        question: Sequence[Message],
        hold: Hold,
    ) -> AsyncIterator[Model]:
        """Give the model that was found, which charges the agent; what is said becomes a run."""
        name, model = found
        paid = self.meter(job, resume, act)(model, name)
        cost = Purse(self.kit.ledger, self.kit.prices).price(
            Charge(agent=resume.name, amount=0, model=name)
        )
        async with Minutes(self.home, job, name, cost, hold).taken(paid, question) as noted:
            yield noted

    def _reported(self, job: Job) -> Ended | None:
        """Return how a task ended that a crash cut off between its report and its record.

        Whatever its agent said since; a report of before a person had the task done anew is no
        word on this time.
        """
        if job.attempts < 2:
            return None
        since = job.fence - job.attempts
        for entry in backwards(outbox_of(self.home, job.agent), job.agent, self.tick()):
            if entry.job == job.id and entry.claim > since and entry.ended is not None:
                return Ended(state=entry.ended, text=entry.text)
        return None

    def _report(self, job: Job, resume: Resume, worked: Worked) -> None:
        ended = worked.ended
        if ended.state == "waiting":
            return
        said = ended.text if ended.state == "done" else f"not done: {ended.text}"
        said += f"\n({known})" if (known := self.stand_ins.get(job.id)) else ""
        entry = OutboxEntry(
            sender=job.agent,
            tick=self.tick(),
            seq=0,
            kind="report",
            # Who got what stands in the queues; only the one who asked wants to read it.
            to=(_creator(job),) if resume.craft == "plan" else (),
            text=f"#{job.id} {one_line(job.text, 160)}\n{said}",
            job=job.id,
            ended=ended.state,
            claim=job.fence,
            repo=worked.repo or job.repo,
            run=worked.run or job.run,
        )
        post(self.home, job.agent, entry)


def plainly(resume: Resume, question: tuple[Message, ...]) -> Request:
    """Return the request for the plain answer of an agent without tools."""
    return Request(messages=question, limit=2 * resume.limits.reply, sampling=_STEADY)


def charged(kit: Kit, model: Model, name: str, key: str, job: Job) -> Model:
    """Return a model that charges the agent of a job for every answer."""
    about = Charge(agent=job.agent, amount=0, task=job.id, run=job.run, model=name, key=key)
    return Purse(kit.ledger, kit.prices).paid(model, about)


async def context(queue: Queue, job: Job) -> str:
    """Return what a task is part of: the words of the first one it comes from.

    Nothing for an item of a list: a small model takes what stands beside it for its own task.
    """
    parent, text = job.parent, ""
    while parent:
        try:
            found = await queue.get(parent)
        except SetupError:
            break
        parent, text = found.parent, found.text
    if not text or job.text in parts(text):
        return ""
    return f"It is part of this task:\n{text}"


def _creator(job: Job) -> str:
    return PERSON if job.created_by.startswith("person:") else job.created_by or PERSON


def mates(resume: Resume, roster: Roster) -> dict[str, str]:
    """Return who hears an agent, with what each is for and good at."""
    heard = roster.readers.get(resume.name, frozenset())
    return {n: _known_for(roster.resumes[n]) for n in sorted(heard)}


def _known_for(mate: Resume) -> str:
    skills = ", ".join((*mate.soul.skills, *mate.soul.expertise))
    parts = (mate.short_description or mate.title, f"skills: {skills}" if skills else "")
    return "; ".join(one_line(part, 160) for part in parts if part)
