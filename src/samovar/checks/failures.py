"""The few failures worth telling a model, out of a whole test report."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

LONGEST = 700
"""Characters: about 200 tokens."""
SHOWN = 3
"""Failures told at most: one fixed input is easily fixed alone, three show the rule."""
STOPPED = {
    "time": "The tests did not end: something loops forever or waits for input.",
    "memory": "The tests were stopped: they take more memory than they may have.",
    "disk": "The tests were stopped: they write more to the disk than they may.",
    "output": "The tests were stopped: they print without end.",
}
"""What is told by the limit that ended a command."""
_FRAME = re.compile(r"^(?P<path>(?!/|\.\.)[^\s:]+):(?P<line>\d+): in ")
"""Where pytest's short traceback passes through the project's own files."""
_MARK = re.compile(r"^[E>](?:  ? ?|$)")
_BOTH = re.compile(r"^(AssertionError: .* != |(AssertionError: )?assert .* == )")
"""Two values that differ, side by side: what unittest and pytest write beneath repeats them."""
_SHORTENED = re.compile(r"\[\d+ chars\]|\[truncated\]|\.\.\.")
_WHERE = re.compile(r"^\s*\+\s+(where|and) ")
_ADVICE = re.compile(r"use '?-v", re.I)
"""Where pytest says which option shows more."""
_ADDRESS = re.compile(r"(?: at)? 0x[0-9a-f]{6,}(?=>)")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_CALLED = re.compile(r"\b(?!assert)([A-Za-z_]\w*)\(")
_ATTRIBUTE = re.compile(r"\.(?!assert)([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Failure:
    """What is known of one red test."""

    message: str
    """pytest's short traceback, or the output of another program."""
    case: str = ""
    """What the test did, with values for names, where that is known."""


def excerpt(failures: Sequence[Failure], stopped: str = "") -> str:
    """Return the first failures that have room, each as the call, the assertion and its values.

    One for each function comes before several for the same.
    """
    if stopped:
        return STOPPED[stopped]
    told = [(_used(failure), _one(failure)) for failure in failures]
    firsts = dict(reversed(told))
    ordered = dict.fromkeys([*(firsts[used] for used, _ in told), *(one for _, one in told)])
    shown: list[str] = []
    for one in ordered:
        if len(shown) < SHOWN and len("\n\n".join([*shown, one])) <= LONGEST:
            shown.append(one)
    return "\n\n".join(shown) or _cut(next(iter(ordered), ""))


def _one(failure: Failure) -> str:
    """Return one failure without the noise around it."""
    lines = failure.message.splitlines()
    blocks = [_values([*b]) for marked, b in groupby(lines, _marked) if marked]
    if blocks:
        body = dict.fromkeys(line for block in blocks for line in block if line.strip())
        return "\n".join([*_stated(failure), *_raised(lines), *body])
    trace = [li for li in lines if li.strip()]
    errors = [li for li in trace if re.match(r"^\w*(Error|Exception|Interrupt)\b", li.strip())]
    start = max(0, len(trace) - 6)
    return "\n".join(trace[start:] if not errors else [*trace[-4:-1], errors[-1]])


def _marked(line: str) -> bool:
    return _MARK.match(line) is not None


def _values(block: Sequence[str]) -> list[str]:
    """Return what was raised; no more of two values that stand there whole, side by side."""
    plain = [_ADDRESS.sub("", _MARK.sub("", line).rstrip()) for line in block]
    whole = [n for n, line in enumerate(plain) if _BOTH.match(line) and not _SHORTENED.search(line)]
    last = whole[0] if whole else len(plain)
    beneath = (line for line in plain[last + 1 :] if _WHERE.match(line))
    return [line for line in [*plain[: last + 1], *beneath] if not _ADVICE.search(line)]


def _stated(failure: Failure) -> list[str]:
    """Return the statements of the test that failed."""
    frames = _frames(failure.message.splitlines())
    return failure.case.splitlines() or [code for _, _, code in frames[:1]]


def _raised(lines: Sequence[str]) -> list[str]:
    """Return the last statement of the code that the test called, with its place."""
    frames = _frames(lines)
    return [f"{p}:{line}: {code}" for p, line, code in frames[-1:] if p != frames[0][0]]


def _used(failure: Failure) -> frozenset[str]:
    """Return the functions that a failing statement calls, else the attributes it looks at."""
    last = _TEXT.sub("", "".join(_stated(failure)[-1:]))
    return frozenset(_CALLED.findall(last) or _ATTRIBUTE.findall(last))


def _frames(lines: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the path, line and code of each step through the project's files."""
    return [
        (found["path"], found["line"], _statement(lines[number + 1 :]))
        for number, line in enumerate(lines)
        if (found := _FRAME.match(line))
    ]


def _statement(below: Sequence[str]) -> str:
    """Return the code under a frame, in one line; pytest marks parts of it with carets."""
    code = takewhile(lambda line: line.startswith("    "), below)
    return " ".join(li.strip() for li in code if li.strip(" ^~"))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... {text[-half:]}"
