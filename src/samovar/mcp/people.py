"""The agents of a team as tools of the server."""

import hmac
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import shorten
from samovar.core.tool import Tool, tool
from samovar.mcp.desk import Digest, said
from samovar.mcp.telling import cut
from samovar.org import lock
from samovar.org.kept import kept, run_of
from samovar.org.seams import Job
from samovar.org.team import Team

BY = "mcp"
"""In whose name a client speaks: `person:mcp` stands in the outbox and in the ledger."""
_ANSWERS = "the agent reads it at its next turn; see messages"
_DONE = "it is done when the agent's turn comes; see tasks"
_WAITS = (
    "it is kept, but nobody works on it: no engine runs in this home. The person starts one with "
    "'samovar up', or has one tick done with 'samovar run-once'"
)
_MOST = 40
"""Agents with a tool of their own."""

Words = Annotated[str, Meta(min_length=1, description="what to say, or what to do")]
Kind = Annotated[Literal["message", "task"], Meta(description="a message, or work to be done")]
Repo = Annotated[str, Meta(description="one of its repositories, for a task; empty for the first")]


@dataclass(frozen=True)
class People:
    """A team, for clients."""

    team: Team

    async def tools(self) -> tuple[Tool, ...]:
        """Return one tool for each agent, and those to read answers and allow acts.

        Agents beyond the first 40, or whose names cannot be a tool's, share one tool.
        """
        members = [m.name for m in await self.team.agents() if m.resume is not None]
        named = [n for n in members if re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", n)]
        others = [n for n in members if n not in named[:_MOST]]
        digest = "3f" * 32
        return (
            *(self._asking(name) for name in named[:_MOST]),
            *((self._asking_others(others),) if others else ()),
            tool(self.messages, "read", {"agent": named[0] if named else "", "limit": 10}),
            tool(self.tasks, "read", {"id": 7}),
            tool(self.approvals, "read", {}),
            tool(self.approve_act, "write", {"digest": digest}),
            tool(self.refuse_act, "write", {"digest": digest, "note": "not yet"}),
        )

    async def messages(
        self,
        agent: Annotated[str, Meta(description="whose; empty for everybody's")] = "",
        limit: Annotated[int, Meta(ge=1, le=100, description="how many")] = 10,
    ) -> str:
        """Return the latest messages agents wrote, the latest first: answers are among them."""
        letters = await self.team.messages(agent, limit)
        rows = [
            {
                "id": letter.id,
                "at": letter.at,
                "from": letter.entry.sender,
                "to": letter.entry.to,
                "text": cut(letter.entry.text)[:4000],
                "reply_to": letter.entry.reply_to,
            }
            for letter in letters
        ]
        return said({"messages": rows})

    async def tasks(
        self,
        id: Annotated[int, Meta(ge=0, description="number of one task; 0 for the latest")] = 0,
        agent: Annotated[str, Meta(description="whose; empty for everybody's")] = "",
        limit: Annotated[int, Meta(ge=1, le=100, description="how many")] = 10,
    ) -> str:
        """Say how tasks of agents stand: state, result or reason, and the run to follow."""
        if not id:
            found = await self.team.latest_tasks(agent, limit=limit)
            return said({"tasks": [self._task(job) for job in found]})
        found = await self.team.latest_tasks(agent, limit=1, below=id + 1)
        if [job.id for job in found] != [id]:
            whose = f" of {agent}" if agent else ""
            raise ToolError(f"there is no task {id}{whose}; without an id the latest are listed")
        return said({"tasks": [self._task(found[0])]})

    def _task(self, job: Job) -> dict[str, object]:
        return {
            "id": job.id,
            "agent": job.agent,
            "kind": job.kind,
            "state": job.state,
            "text": cut(job.text)[:4000],
            "result": cut(job.result)[:4000],
            "reason": cut(job.reason)[:4000],
            "by": job.created_by,
            "repo": job.repo,
            "run": run_of(self.team.home, job),
            "waits_for": kept(self.team.home, job.id).waits,
            "created": job.created,
            "ended": job.ended,
        }

    async def approvals(self) -> str:
        """List what agents want a person's yes for, with the digest that names each act."""
        found = await self.team.approvals()
        rows = [
            {"agent": a.agent, "act": a.act, "digest": a.digest, "text": cut(a.text)} for a in found
        ]
        return said({"approvals": rows[:20], "more": max(0, len(rows) - 20)})

    async def approve_act(self, digest: Digest, note: str = "") -> str:
        """Say yes, for the person, to exactly the act an agent asked about.

        Never call it unless the person saw what would be done and agreed.
        """
        return await self._answer(digest, True, note)

    async def refuse_act(self, digest: Digest, note: str = "") -> str:
        """Say no to the act an agent asked about."""
        return await self._answer(digest, False, note)

    async def _answer(self, digest: str, yes: bool, note: str) -> str:
        given = digest.strip().encode()
        found = [
            a for a in await self.team.approvals() if hmac.compare_digest(a.digest.encode(), given)
        ]
        if not found:
            raise ToolError("no agent asks about that digest now; see approvals")
        answer = self.team.approve if yes else self.team.refuse
        answered = await answer(found[0].id, note, by=BY)
        return said({"agent": answered.agent, "act": answered.act, "yes": yes})

    def _asking(self, agent: str) -> Tool:
        async def ask(text: Words, kind: Kind = "message", repo: Repo = "") -> str:
            return await self._told(agent, text, kind, repo)

        ask.__doc__ = (
            f"Write to the agent {agent} or give it a task; it answers at a later turn, if the "
            "team's engine runs: see messages, and tasks."
        )
        return tool(ask, "write", {"text": "How far are you?"}, name=f"ask_{agent}")

    def _asking_others(self, names: list[str]) -> Tool:
        async def ask(agent: str, text: Words, kind: Kind = "message", repo: Repo = "") -> str:
            if agent not in names:
                raise ToolError(f"there is no agent {agent!r} here: see the names of this tool")
            return await self._told(agent, text, kind, repo)

        shown = shorten(", ".join(names), "the person knows the others", 2000)
        ask.__doc__ = (
            f"Write to one of the {len(names)} agents without a tool of their own or give it a "
            f"task, see messages and tasks for what came of it: {shown}"
        )
        return tool(ask, "write", {"agent": names[0], "text": "Hello"}, name="write_to_agent")

    async def _told(self, agent: str, text: str, kind: str, repo: str) -> str:
        works = lock.holder(self.team.home)
        if kind == "task":
            when = _DONE if works else _WAITS
            job = await self.team.submit(text, agent, repo=self.team.own(agent, repo), by=BY)
            return said({"agent": agent, "task": job.id, "state": job.state, "answer": when})
        letter = await self.team.send(agent, text, by=BY)
        when = _ANSWERS if works else _WAITS
        return said({"agent": agent, "message": letter.id, "answer": when})
