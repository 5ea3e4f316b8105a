"""Calls near those of examples: by them a search sees what an edit changes that nobody spoke of.

Many small edits satisfy a handful of examples. Of these the one that leaves most other results as
they were is the likeliest to be meant. Pure.
"""

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice, zip_longest
from typing import Any

from samovar.flow.guards import Call
from samovar.flow.source import Function, parse

MOST = 60
"""Calls, at most."""


def nearby(source: str, made: Sequence[Call]) -> tuple[str, ...]:
    """Return calls of a file's functions and methods, with arguments like those of calls made."""
    tree = parse(source)
    body = tree.body if tree else []
    functions = {n.name for n in body if isinstance(n, Function)}
    classes = {n.name: _methods(n) for n in body if isinstance(n, ast.ClassDef)}
    streams: list[Iterator[str]] = []
    for call in (c for c in made if not c.raises):
        if call.name in functions:
            streams.append(_near(call))
        elif call.name in classes:
            objects = [o for o in (_text(call.name, call.args, call), *islice(_near(call), 3)) if o]
            methods = classes[call.name]
            streams.append(f"{made}.{method}()" for method in methods for made in objects)
    told = {_text(c.name, c.args, c) for c in made}
    mixed = (c for c in chain.from_iterable(zip_longest(*streams)) if c and c not in told)
    return tuple(islice(dict.fromkeys(mixed), MOST))


def _methods(node: ast.ClassDef) -> list[str]:
    """Return the public methods of a class that want no argument."""
    return [
        f.name
        for f in node.body
        if isinstance(f, ast.FunctionDef)
        and not f.name.startswith("_")
        and len(f.args.args) == 1
        and not f.decorator_list
    ]


def _near(call: Call) -> Iterator[str]:
    """Yield the call with one argument a little different."""
    for place, value in enumerate(call.args):
        for other in _like(value):
            yield _text(call.name, (*call.args[:place], other, *call.args[place + 1 :]), call)


def _text(name: str, args: Sequence[Any], call: Call) -> str:
    """Return a call as it is written, nothing for a number of more digits than Python writes."""
    with suppress(ValueError):
        given = [*map(repr, args), *(f"{k}={v!r}" for k, v in call.named.items())]
        return f"{name}({', '.join(given)})"
    return ""


def _like(value: Any) -> Iterator[Any]:
    """Yield values like one: shorter, longer, turned round, next to it."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (value + 1, value - 1, value * 2, -value, value * 10)
        case str():
            yield from (value + "a", value + " ", value[1:], value[:-1], value[::-1], value * 2)
            yield value.swapcase()
        case [first, *rest]:
            yield from (type(value)(v) for v in (rest, value[:-1], value[::-1], value[:1]))
            for other in islice(_like(first), 3):
                yield from (type(value)(v) for v in ([other, *rest], [other] * (len(rest) + 2)))
            yield value * 2
        case dict():
            yield {k: v for k, v in list(value.items())[1:]}
        case _:
            pass
