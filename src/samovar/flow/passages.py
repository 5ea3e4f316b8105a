"""Passages: what a writer sees of a file that is too long to be shown whole.

The file is cut into blocks where its lines stand furthest out, whatever the language, and those
that share most with the task are shown, as many as there is room for. BM25 as for functions.
"""

import re
from collections.abc import Iterator, Sequence

from samovar.core.task import lines
from samovar.flow.localise import bm25, quoted
from samovar.flow.source import words
from samovar.flow.speak import tokens

LONGEST = 60
"""Lines of a block, at most."""
DEEPEST = 8
"""Times that a block is cut by its margins; then it is cut by the number of its lines."""
SMALL = 12
"""Lines up to which blocks that follow each other are one."""
_GOES_ON = re.compile(
    r"[)}\]>]|</|(end|else|elif|elsif|catch|except|rescue|finally|ensure|then|do)\b|$"
)
"""How a line begins that belongs to what stands above it."""
FAR = 4
"""What has less than such a part of the best block's score is left out, room or not."""
NAMED = 6.0
"""What a name that the task quotes adds to a block whose first line has it; so in `localise`."""


def passages(text: str, task: str, room: int) -> str:
    """Return the parts of a text that share most with a task, of `room` tokens at most.

    What is left out between them is told in a line. One block is shown in any case, cut where it
    is too long; a text that fits comes whole.
    """
    if tokens(text) <= room:
        return text
    rows = lines(text)
    blocks = list(_joined(_blocks(rows, range(len(rows)))))
    shown: set[int] = set()
    for number in _ranked([_text(rows, b) for b in blocks], task):
        block = blocks[number]
        if tokens(_text(rows, block)) <= room:
            shown.update(block)
            room -= tokens(_text(rows, block))
        elif not shown:
            return _text(rows, block)[: room * 3]
    return "".join(_written(rows, shown))


def _text(rows: Sequence[str], block: range) -> str:
    return "".join(rows[block.start : block.stop])


def _ranked(texts: Sequence[str], task: str) -> list[int]:
    """Return the places of the texts that share much with the task, the likeliest first."""
    spoken = set(re.findall(r"\w+", " ".join(quoted(task))))
    scores = bm25(_words(task), [_words(text) for text in texts])
    for place, text in enumerate(texts):
        first = next(filter(str.strip, text.splitlines()), "")
        scores[place] += NAMED * bool(spoken & set(re.findall(r"\w+", first)))
    likely = (n for n, score in enumerate(scores) if score >= max(scores) / FAR)
    return sorted(likely, key=lambda place: -scores[place])


def _words(text: str) -> list[str]:
    """Return what two texts may share: the names of code, and the words of any language."""
    return [*words(text), *re.findall(r"\w+", text.lower())]


def _blocks(rows: Sequence[str], block: range, depth: int = 0) -> Iterator[range]:
    """Yield the blocks of some lines, cut where lines stand furthest out, until none is long."""
    if len(block) <= LONGEST:
        yield block
        return
    margins = {n: _margin(rows[n]) for n in block[1:] if not _GOES_ON.match(rows[n].strip())}
    outer = min(margins.values(), default=0)
    begins = [n for n in margins if margins[n] == outer] if depth < DEEPEST else []
    begins = begins or [*block[LONGEST::LONGEST]]
    for first, end in zip([block.start, *begins], [*begins, block.stop], strict=True):
        yield from _blocks(rows, range(first, end), depth + 1)


def _joined(blocks: Iterator[range]) -> Iterator[range]:
    """Yield the blocks, short ones that follow each other as one."""
    last = range(0)
    for block in blocks:
        if block.stop - last.start <= SMALL:
            last = range(last.start, block.stop)
            continue
        if last:
            yield last
        last = block
    yield last


def _margin(row: str) -> int:
    return len(row) - len(row.lstrip(" \t"))


def _written(rows: Sequence[str], shown: set[int]) -> Iterator[str]:
    """Yield the lines that are shown, and for others how many are left out."""
    left = 0
    for number, row in enumerate([*rows, ""]):
        if number < len(rows) and number not in shown:
            left += 1
            continue
        if left:
            yield f"[{left} lines are not shown]\n"
            left = 0
        yield row
