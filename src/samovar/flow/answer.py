"""Reading a model's answer: the one block of code that is meant, or a precise complaint."""

import ast
import re
from collections.abc import Sequence, Set
from textwrap import dedent, indent

from samovar.core.errors import ToolError
from samovar.core.task import lines
from samovar.flow.forgotten import forgotten
from samovar.flow.source import (
    Definition,
    complaint,
    defined,
    imported,
    own_imports,
    parse,
    spoken,
    top,
)
from samovar.flow.undefined import undefined

_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^\1[ \t]*$|\Z)", re.M | re.S)
_MARK = re.compile(r"(`{3,}|~{3,})[^\n`]*$")
_HEADING = re.compile(r"^#{1,6} .*\S", re.M)
MARKDOWN = (".md", ".markdown")
"""Files that hold blocks of code themselves."""
_TOP = re.compile(
    r"(def|class|async|import|from|if|for|while|with|try)\b|@|[A-Za-z_][\w.]*( *:[^=]*)? *[=(]"
)
"""Where a statement of a file may begin."""
_NOTHING = "The answer holds no code block."
CUTS = 12
"""Places where prose may end, and where a cut-off end may begin, that are tried."""
_PATCH = re.compile(r"^<{5,9} ?SEARCH[^\n]*\n(.*?)^={5,9}[^\n]*\n(.*?)^>{5,9}", re.M | re.S)


def blocks(text: str) -> list[str]:
    """Return the fenced blocks of an answer; fences count at the start of a line only.

    A block that the token limit cut short counts too. An answer without any fence that is
    Python as it stands is one block.
    """
    text = text.replace("\r\n", "\n")
    found = [m.group(2) for m in _FENCE.finditer(text)]
    if found:
        return found
    bare = text.strip("\n") + "\n"
    tree = parse(bare)
    # One word of prose is valid Python too.
    return [bare] if tree is not None and defined(bare) else []


def whole_file(text: str, path: str, before: str) -> str:
    """Return the new text of a whole file. Raises ToolError saying what is wrong."""
    if path.endswith(MARKDOWN):
        return _document(text, before)
    found = blocks(text)
    if not found:
        raise ToolError(_NOTHING)
    return _program(found, path, before) if path.endswith(".py") else max(found, key=len)


def _document(text: str, before: str) -> str:
    """Return the Markdown that an answer wraps in its first fence, with the blocks it holds.

    A fence that closes none of them may be the end; the last one is. Raises ToolError without a
    fence, and where most of the headings that the file had are gone.
    """
    rows = lines(text.replace("\r\n", "\n"))
    fences = [(n, found[1], row) for n, row in enumerate(rows) if (found := _MARK.match(row))]
    if not fences:
        raise ToolError(_NOTHING)
    (start, mark, _), *below = fences
    end, inside = len(rows), False
    for number, longer, row in below:
        if longer.startswith(mark):
            closes = row.strip() == longer
            end = number if closes and not inside else end
            inside = not (inside and closes)
    new = "".join(rows[start + 1 : end])
    old = _headings(before)
    gone = [h for h in old if h not in _headings(new)]
    if len(gone) > max(1, len(old) / 2):
        raise ToolError(
            f"The answer leaves out {len(gone)} of the file's {len(old)} headings, such as "
            f"{gone[0]!r}: write the whole file."
        )
    return new if new.endswith("\n") else new + "\n"


def _headings(text: str) -> list[str]:
    """Return the headings of a Markdown text; a comment in a block of code is none."""
    return _HEADING.findall(_FENCE.sub("", text.replace("\r\n", "\n")))


def _program(found: Sequence[str], path: str, before: str) -> str:
    """Return the one block, or all blocks together, that are the new text of a Python file."""
    wanted = defined(before)
    good = _python(found, wanted)
    if not good:
        raise ToolError("The code is not valid Python" + _where(max(found, key=len)))
    # What imports the file is a test of it, or shows how it is used.
    good = [b for b in good if not own_imports(b, path)] or good
    joined = "\n\n".join(good)
    pick = max(good, key=lambda b: (len(wanted & defined(b)), len(b)))
    if not wanted:
        pick = next((b for b in good if defined(b)), pick)
    elif wanted - defined(pick) and not wanted - defined(joined):
        pick = joined
    missing = sorted(wanted - defined(pick))
    if missing and len(missing) == len(wanted):
        raise ToolError(f"The code does not define {missing[0]}.")
    return pick if pick.endswith("\n") else pick + "\n"


def _python(found: Sequence[str], names: Set[str]) -> list[str]:
    """Return the blocks that are Python; where none is, what of them is and defines the names."""
    good = [b for b in found if parse(b) is not None]
    return good or [part for b in found if (part := bare(b, names))]


def bare(block: str, names: Set[str]) -> str:
    """Return the longest part of a block that is Python and defines the names, empty if none is.

    Small models begin a block with words of the task, and a limit cuts its end off: left out are
    lines before a statement and lines from one on. Without names anything may be defined, and
    the end stays: nobody knows what else was to come.
    """
    rows = lines(block)
    starts = [n for n, row in enumerate(rows) if _TOP.match(row)]
    ends = [len(rows), *(reversed(starts) if names else ())]
    spans = ((a, b) for b in ends[:CUTS] for a in starts[:CUTS] if a < b)
    for first, last in sorted(spans, key=lambda span: span[0] - span[1]):
        part = "".join(rows[first:last])
        found = defined(part)
        if found and names <= found:
            return part
    return ""


def one_symbol(text: str, name: str, before: str) -> str:
    """Return the new text of one function or class, indented as it was.

    Raises ToolError saying what is wrong.
    """
    short = name.rsplit(".", 1)[-1]
    found = [dedent(b) for b in blocks(text)]
    if not found:
        raise ToolError(_NOTHING)
    margin = before[: len(before) - len(before.lstrip(" \t"))]
    good = _python(found, {short})
    if not good:
        raise ToolError("The code is not valid Python" + _where(found[0]))
    for block in good:
        cut = _definition(block, short)
        if cut:
            return indent(cut, margin, lambda line: bool(line.strip()))
    raise ToolError(f"The code does not define {short}.")


def imports(text: str, name: str, before: str, after: str) -> tuple[int, str]:
    """Return the imports that an answer's function needs and the file lacks, and their line.

    The answer's own, and those of the standard library that it forgot; `before` is the file as it
    was, `after` with the new function.
    """
    short = name.rsplit(".", 1)[-1]
    file = parse(before)
    if file is None:
        return 1, ""
    known = defined(before) | {name for name, _ in imported(ast.walk(file))}
    wanted: dict[str, str] = {}
    for tree in (parse(dedent(b)) for b in blocks(text)):
        for node in ast.walk(tree) if tree else ():
            if tree and isinstance(node, Definition) and node.name == short:
                used = spoken(node) - known
                wanted |= {said: name for name, said in imported(tree.body) if name in used}
    more = forgotten(after, {*undefined(before), *wanted.values()})
    return _after_imports(file), "".join(f"{said}\n" for said in [*wanted, *more])


def completed(text: str, path: str, before: str) -> str:
    """Return a file with the imports of the standard library that it lacks, and did not before."""
    file = parse(text) if path.endswith(".py") else None
    more = forgotten(text, undefined(before)) if file else []
    rows = lines(text)
    at = _after_imports(file) - 1 if file and more else 0
    return "".join([*rows[:at], *(f"{said}\n" for said in more), *rows[at:]])


def _after_imports(tree: ast.Module) -> int:
    """Return the line after the imports that a file begins with."""
    line = 1
    for number, node in enumerate(tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr)
        if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        line = (node.end_lineno or node.lineno) + 1
    return line


def patched(text: str, before: str) -> str:
    """Return the file after the answer's search/replace blocks.

    Raises ToolError naming the lines that were not found and the nearest ones that exist.
    """
    pairs = _PATCH.findall(text.replace("\r\n", "\n"))
    if not pairs:
        raise ToolError("The answer holds no SEARCH/REPLACE block.")
    after = before
    for old, new in pairs:
        after = _replace(after, old, new)
    return after


def _replace(text: str, old: str, new: str) -> str:
    if old and text.count(old) == 1:
        return text.replace(old, new)
    rows, wanted = lines(text), [li.strip() for li in old.splitlines()]
    if not any(wanted):
        raise ToolError("A SEARCH part is empty.")
    places = [
        n
        for n in range(len(rows) - len(wanted) + 1)
        if [li.strip() for li in rows[n : n + len(wanted)]] == wanted
    ]
    if len(places) != 1:
        count = "not in the file" if not places else f"in the file {len(places)} times"
        raise ToolError(f"These lines are {count}: {wanted[0][:80]}")
    start = places[0]
    have, want = _margin(rows[start]), _margin(old)
    body = dedent(new) if not want else new
    moved = indent(body, have, lambda li: bool(li.strip())) if have != want else new
    return "".join(rows[:start]) + moved + "".join(rows[start + len(wanted) :])


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _definition(block: str, short: str) -> str:
    from_symbols = [s for s in _all(block) if s[0] == short]
    return from_symbols[0][1] if from_symbols else ""


def _all(block: str) -> list[tuple[str, str]]:
    tree = parse(block)
    rows = lines(block)
    found = []
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, Definition):
            first = top(node)
            text = dedent("".join(rows[first - 1 : node.end_lineno]))
            found.append((node.name, text if text.endswith("\n") else text + "\n"))
    return found


def _where(code: str) -> str:
    found = complaint(code)
    if found is None:
        return "."
    line, why = found
    return f", line {line}: {why}" if line else f": {why}"
