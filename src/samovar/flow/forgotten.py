"""Imports of the standard library that a model forgot; small ones do, and mean the right thing."""

import ast
import importlib
from collections.abc import Collection

from samovar.flow.source import parse
from samovar.flow.undefined import undefined

_WORDS = """
abc asyncio base64 bisect calendar collections contextlib copy csv dataclasses datetime decimal enum
fractions functools hashlib heapq inspect io itertools json logging math operator os pathlib queue
random re secrets shutil statistics string struct subprocess sys tempfile textwrap threading time
traceback types typing unicodedata uuid warnings
"""
_MODULES = frozenset(_WORDS.split())
_NAMES = {
    "abc": "ABC abstractmethod",
    "bisect": "bisect_left bisect_right insort",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "contextlib": "contextmanager suppress",
    "copy": "deepcopy",
    "dataclasses": "dataclass",
    "datetime": "date datetime timedelta timezone",
    "decimal": "Decimal",
    "enum": "Enum Flag IntEnum",
    "fractions": "Fraction",
    "functools": "cached_property lru_cache partial reduce total_ordering wraps",
    "heapq": "heapify heappop heappush",
    "io": "BytesIO StringIO",
    "itertools": "accumulate chain combinations combinations_with_replacement dropwhile groupby "
    "islice pairwise permutations product starmap takewhile zip_longest",
    "math": "ceil factorial floor gcd isclose prod sqrt",
    "pathlib": "Path",
    "statistics": "mean median",
    "string": "ascii_letters ascii_lowercase ascii_uppercase",
    "textwrap": "dedent",
    "typing": "Any Callable ClassVar Dict Final Generic Iterable Iterator List Literal Mapping "
    "NamedTuple Optional Protocol Sequence Set Tuple Type TypeVar Union",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def forgotten(text: str, known: Collection[str] = ()) -> list[str]:
    """Return the imports that a Python file lacks, a statement each; `known` names are others'."""
    missing = undefined(text).keys() - set(known)
    tree = parse(text) if missing else None
    if tree is None:
        return []
    needed = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=wanted) if name in missing:
                needed.add(_module(name, wanted))
            case ast.Call(func=ast.Name(id=name)) if name in missing & _HOMES.keys():
                needed.add(_from(name))
            case ast.FunctionDef(decorator_list=[*marks]) | ast.ClassDef(decorator_list=[*marks]):
                needed |= {
                    _from(m.id) for m in marks if isinstance(m, ast.Name) and m.id in missing
                }
            case ast.Name(id=name) if name in missing and _telling(name):
                needed.add(_from(name))
            case _:
                pass
    return sorted(needed - {""}, key=lambda said: (said.startswith("from "), said))


def _telling(name: str) -> bool:
    """Whether a name alone says that it is no forgotten variable."""
    return not name[0].islower() or name.startswith("ascii_")


def _from(name: str) -> str:
    return f"from {_HOMES[name]} import {name}" if name in _HOMES else ""


def _module(name: str, wanted: str) -> str:
    """Return the import of what has such an attribute: a module, or its class of the same name."""
    module = importlib.import_module(name) if name in _MODULES else None
    if hasattr(module, wanted):
        return f"import {name}"
    return _from(name) if hasattr(getattr(module, name, None), wanted) else ""
