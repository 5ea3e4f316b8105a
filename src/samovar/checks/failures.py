"""The few failures worth telling a model, out of a whole test report."""

import re
from collections.abc import Sequence
from itertools import takewhile

LONGEST = 700
"""Characters: about 200 tokens."""
SHOWN = 3
"""Failures told at most: one fixed input is easily fixed alone, three show the rule."""
_FRAME = re.compile(r"^(?P<path>(?!/|\.\.)[^\s:]+):(?P<line>\d+): in ")
"""Where pytest's short traceback passes through the project's own files."""


def excerpt(messages: Sequence[str], stopped: str = "") -> str:
    """Return the first failures, each as the call, the assertion and its values.

    `messages` are pytest's short tracebacks, or the output of another program.
    """
    if stopped == "time":
        return "The tests did not end: something loops forever or waits for input."
    told = list(dict.fromkeys(_one(message) for message in messages))
    said = _cut(told[0]) if told else ""
    for more in told[1:SHOWN]:
        if len(said) + len(more) + 2 > LONGEST:
            break
        said += f"\n\n{more}"
    return said


def _one(message: str) -> str:
    """Return one failure without the noise around it."""
    lines = message.splitlines()
    marked = [li for li in lines if re.match(r"^(E  |>  )", li)]
    if marked:
        body = [re.sub(r"^[E>] ? ? ?", "", li).rstrip() for li in marked]
        kept = [*_passed(lines), *body]
        return "\n".join(dict.fromkeys(k for k in kept if k.strip()))
    trace = [li for li in lines if li.strip()]
    errors = [li for li in trace if re.match(r"^\w*(Error|Exception|Interrupt)\b", li.strip())]
    start = max(0, len(trace) - 6)
    return "\n".join(trace[start:] if not errors else [*trace[-4:-1], errors[-1]])


def _passed(lines: Sequence[str]) -> list[str]:
    """Return the test's own statement, and the last one of the code it called, with its place."""
    frames = [
        (found["path"], found["line"], _statement(lines[number + 1 :]))
        for number, line in enumerate(lines)
        if (found := _FRAME.match(line))
    ]
    if not frames:
        return []
    path, line, code = frames[-1]
    inner = [f"{path}:{line}: {code}"] if path != frames[0][0] else []
    return [frames[0][2], *inner]


def _statement(below: Sequence[str]) -> str:
    """Return the code under a frame, in one line; pytest marks parts of it with carets."""
    code = takewhile(lambda line: line.startswith("    "), below)
    return " ".join(li.strip() for li in code if li.strip(" ^~"))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... {text[-half:]}"
