"""Models that say what they are told to: for tests, demonstrations and development."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from samovar.core.errors import ModelError
from samovar.core.message import Reply, Request, Usage
from samovar.core.seams import Model
from samovar.models.conform import faults

Answer = Reply | str | Exception


class Scripted:
    """Gives its answers one after the other; an exception among them is raised."""

    def __init__(self, replies: Sequence[Answer]) -> None:
        self.replies = tuple(replies)
        self.asked: list[Request] = []
        """Every request so far."""

    async def reply(self, request: Request, /) -> Reply:
        """Return the next answer. Raises ModelError when the script is at its end."""
        self.asked.append(request)
        if len(self.asked) > len(self.replies):
            raise ModelError(f"the script ends after {len(self.replies)} answers")
        return _said(self.replies[len(self.asked) - 1], request)


class Rules:
    """Answers by a function of the request."""

    def __init__(self, rule: Callable[[Request], Answer]) -> None:
        self.rule = rule
        self.asked: list[Request] = []
        """Every request so far."""

    async def reply(self, request: Request, /) -> Reply:
        """Return what the rule says, or raise it."""
        self.asked.append(request)
        return _said(self.rule(request), request)


@dataclass(frozen=True)
class Held:
    """Lets only answers pass that fit the schema of their request, as a server's grammar does."""

    model: Model

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer. Raises ModelError naming what a server could not have written."""
        reply = await self.model.reply(request)
        if request.schema is None:
            return reply
        try:
            wrong = next(faults(json.loads(reply.text), request.schema), "")
        except ValueError as error:
            wrong = str(error)
        if wrong:
            raise ModelError(f"the scripted answer does not fit the schema: {wrong}: {reply.text}")
        return reply


def _said(answer: Answer, request: Request) -> Reply:
    """Return an answer with one token for each word of it."""
    match answer:
        case Exception():
            raise answer
        case Reply():
            return answer
        case str():
            prompt = sum(len(message.text.split()) for message in request.messages)
            usage = Usage(prompt, 0, len(answer.split()))
            return Reply(text=answer, usage=usage, model="scripted")
