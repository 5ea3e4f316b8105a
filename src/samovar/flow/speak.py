"""What is said to the model: prompts from the Markdown files beside this module."""

import hashlib
from functools import cache
from pathlib import Path
from string import Template

from msgspec import Struct

from samovar.core.errors import Unusable
from samovar.core.message import Message, Reply, Request, Sampling, Usage
from samovar.core.seams import Model

_HERE = Path(__file__).parent / "prompts"
TASK = 2500
"""Tokens of the task that a writer is shown."""
FRONT = 300
"""Tokens of what stands before it, at most."""
CHARACTERS = 3.2
"""Of source code in one token, at least; measured on Python with Qwen2.5-Coder: 3.3 to 4.1."""


class Aside(Struct, frozen=True):
    """A small question to the model, beside the writing, and what it said; by default none."""

    asked: tuple[Message, ...] = ()
    answer: str = ""
    usage: Usage = Usage()
    calls: int = 0
    seconds: float = 0.0


@cache
def _template(name: str) -> Template:
    return Template((_HERE / f"{name}.md").read_text())


def prompt(name: str, /, **fields: str) -> str:
    """Return a prompt with its fields filled in."""
    return _template(name).substitute(fields)


def messages(*parts: str) -> tuple[Message, ...]:
    """Return a conversation of one question: the parts that are stable first, for the cache."""
    return (Message("system", prompt("system").strip()), Message("user", "".join(parts).strip()))


def plain(text: str) -> tuple[Message, ...]:
    """Return a conversation of one question, without telling the model what it is."""
    return (Message("user", text.strip()),)


def fingerprint(said: tuple[Message, ...]) -> str:
    """Return a short hash of a conversation."""
    digest = hashlib.sha256()
    for message in said:
        digest.update(f"{message.role}\0{message.text}\0".encode())
    return digest.hexdigest()[:16]


def drawn(temperature: float, seed: int) -> Sampling:
    """Return how a candidate's tokens are drawn.

    At 0 only the likeliest is taken. Above it the nucleus is wide and nothing is penalised,
    whatever the model's card says: candidates must differ, and code repeats its names.
    """
    return Sampling(temperature, top_p=None if temperature == 0 else 0.95, seed=seed)


async def ask(
    model: Model,
    said: tuple[Message, ...],
    limit: int,
    sampling: Sampling,
    stop: tuple[str, ...] = (),
) -> Reply:
    """Ask the model once. An answer of no use has an empty text and a complaint."""
    request = Request(messages=said, limit=limit, sampling=sampling, stop=stop)
    try:
        return await model.reply(request)
    except Unusable as error:
        # The next answer may be better: it must not end a whole run.
        return Reply(text="", usage=error.usage, seconds=error.seconds, complaint=str(error))


async def aside(model: Model, said: tuple[Message, ...], limit: int, sampling: Sampling) -> Aside:
    """Ask the model a small question."""
    reply = await ask(model, said, limit, sampling)
    return Aside(said, reply.text, reply.usage, 1, reply.seconds)


def tokens(text: str) -> int:
    """Return how many tokens a text has, rather too many than too few."""
    return int(len(text) / CHARACTERS) + 1


def language(path: str) -> str:
    """Return the name of a file's language for a code fence."""
    ending = path.rsplit(".", 1)[-1] if "." in path else ""
    names = {"py": "python", "js": "javascript", "ts": "typescript", "rs": "rust", "sh": "bash"}
    return names.get(ending, ending)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` tokens of a text, and say so where it was cut."""
    most = int(limit * CHARACTERS)
    if len(text) <= most:
        return text
    return text[:most].rsplit("\n", 1)[0] + f"\n[cut: {len(text) - most} more characters]\n"
