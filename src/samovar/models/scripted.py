"""Models that say what they are told to: for tests, demonstrations and development."""

from collections.abc import Callable, Sequence

from samovar.core.errors import ModelError
from samovar.core.message import Reply, Request, Usage

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
