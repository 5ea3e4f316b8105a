"""A person's word in the middle of a task: the task waits for it, and goes on with it."""

from dataclasses import dataclass

import msgspec

from samovar.coder import digest_of
from samovar.core.context import named
from samovar.core.errors import Refused, ToolError
from samovar.core.rules import AskPerson
from samovar.core.tool import Call
from samovar.org.resume import Resume
from samovar.org.seams import Approval, Approvals, Hold, Job
from samovar.org.word import refusal
from samovar.tools.ask import Answerer

OPEN = 30 * 86_400.0
"""Seconds a question to a person stays open."""


class Waits(BaseException):
    """The task waits for a person; it is no error, so no tool and no model is told."""


@dataclass(frozen=True)
class Leave:
    """What a person is asked while one agent works on one task.

    A yes counts for exactly the call it was given for, and for one time; a no for every such call.
    """

    approvals: Approvals
    job: Job
    resume: Resume
    hold: Hold

    def gate(self) -> AskPerson:
        """Return what asks for a call that the rules leave to a person."""

        async def allowed(call: Call, why: str, /) -> bool:
            if call.tool in self.resume.permissions.ungated:
                return True
            arguments = msgspec.json.encode(call.arguments, order="deterministic").decode()
            digest = digest_of(self.job.id, call.tool, arguments)
            try:
                await self.approvals.use(digest)
            except Refused:
                no = await refusal(self.approvals, digest)
                if no is not None:
                    raise ToolError(_told(no)) from None
                text = f"{named(call, 500)}: {why}\n\n{call.tool} {arguments}"
                await self._ask(call.tool, digest, text)
                raise Waits from None
            return True

        return allowed

    def answerer(self) -> Answerer:
        """Return what puts a question of the agent to a person."""

        async def answer(question: str, /) -> str:
            digest = digest_of(self.job.id, "question", question)
            for given in await self.approvals.list(("granted", "refused")):
                if given.digest == digest:
                    word = "yes" if given.state == "granted" else "no"
                    return given.note or word
            await self._ask("question", digest, question)
            raise Waits

        return answer

    async def _ask(self, act: str, digest: str, text: str) -> None:
        asked = Approval(agent=self.job.agent, act=act, digest=digest, text=text, task=self.job.id)
        # First the lease: nobody answers for a task that was cancelled meanwhile.
        await self.hold()
        await self.approvals.ask(asked, OPEN)


def _told(no: Approval) -> str:
    """Return what the model hears of a person's no."""
    why = f": {no.note}" if no.note else ""
    return f"a person refused this call{why}; go on without it, and say in your answer what is open"
