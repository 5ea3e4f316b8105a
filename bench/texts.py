# ruff: noqa: T201 -- a script, that prints
"""Whether the shipped agents write what they are asked for: `python bench/texts.py [--model NAME]`.

Each task of `texts/cases.jsonl` is put to a model as an agent without tools is asked. Its answer
must hold certain words and none of others. Prints each answer, and at last how many can be right.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.bench.model import model
from samovar.bench.stats import wilson
from samovar.core.message import Message, Request
from samovar.core.text import flat
from samovar.org.choice import template, who
from samovar.org.crew import plainly
from samovar.org.resume import Resume

CASES = Path(__file__).parent / "texts" / "cases.jsonl"


class Case(Struct, frozen=True):
    """A task, and what an answer must and must not hold."""

    agent: str
    text: str
    wants: tuple[tuple[str, ...], ...]
    lines: int = 0
    """At most so many; 0 for any number."""
    never: tuple[str, ...] = ()

    def fits(self, answer: str) -> bool:
        """Whether an answer can be right."""
        said = answer.lower()
        there = all(any(w.lower() in said for w in words) for words in self.wants)
        short = not self.lines or len(answer.strip().splitlines()) <= self.lines
        return there and short and not any(w.lower() in said for w in self.never)


def asked(resume: Resume, text: str) -> Request:
    """Return what an agent of a team of one is asked."""
    task = template("work").substitute(text=text, material="")
    return plainly(resume, (Message("system", who(resume, {})), Message("user", task)))


def _row(text: str) -> str:
    return flat(" / ".join(text.split("\n")))


async def main(wanted: str) -> None:
    """Ask all cases, one after the other."""
    folder = files("samovar.org") / "agents"
    cases = [msgspec.json.decode(line, type=Case) for line in CASES.read_text().splitlines()]
    good = 0
    async with AsyncExitStack() as stack:
        choice = await model(wanted, "", stack)
        for case in cases:
            told = (folder / case.agent / "resume.json").read_bytes()
            request = asked(msgspec.json.decode(told, type=Resume), case.text)
            answer = (await choice.model.reply(request)).text
            good += case.fits(answer)
            mark = "ok " if case.fits(answer) else "bad"
            print(f"{mark} {case.agent}: {_row(case.text)[:60]} -> {_row(answer)}", flush=True)
    low, high = wilson(good, len(cases))
    print(f"{good} of {len(cases)} ({low:.0%} to {high:.0%})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    asyncio.run(main(parser.parse_args().model))
