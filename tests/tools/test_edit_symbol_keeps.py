"""No other byte moves when definitions of real files are replaced, inserted or renamed."""

import ast
import codecs
import re
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from samovar.core.errors import ToolError
from samovar.tools import symbol
from samovar.tools.symbol import Language, Symbol
from samovar.tools.symbols_python import Python
from samovar.tools.symbols_tree import GRAMMARS
from samovar.tools.workspace import Text, decode

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
INSTALLED = Path(sysconfig.get_paths()["purelib"])
SAMPLES = Path(__file__).parent / "samples"
"""Code in languages of which installed packages carry little."""
FRESH = "quite_new_name"


class Case(Struct, frozen=True):
    """One definition of a file."""

    path: str
    source: Text
    found: Symbol
    language: Language

    @property
    def text(self) -> str:
        return self.source.text

    def data(self, text: str) -> bytes:
        return structs.replace(self.source, text=text).data()

    def __repr__(self) -> str:
        return f"{self.path}: {self.found.name}@{self.found.line}"


def itself(case: Case) -> None:
    """A definition replaced by itself changes no byte."""
    same = case.text[case.found.start : case.found.end]
    new = symbol.replaced(case.text, case.found, same, case.language)
    assert case.data(new) == case.data(case.text)


def other(case: Case) -> None:
    """Other code in the place of a Python definition moves no byte before and behind it."""
    text, found = case.text, case.found
    code = f'@staticmethod\ndef {found.own}(a, b):\n    """One.\n\n  two\n    """\n    return (\n'
    new = symbol.replaced(text, found, f"{code}        a\n    )", case.language)
    ast.parse(new)
    whole, old = case.data(new), case.data(text)
    before = len(case.data(text[: found.start]))
    rest = len(text[found.end :].encode(case.source.encoding))
    assert whole[:before] == old[:before]
    assert whole[len(whole) - rest :] == old[len(old) - rest :]
    kept = [s.name for s in case.language.symbols(text) if not found.start < s.start < found.end]
    assert [s.name for s in case.language.symbols(new)] == kept
    end = "\r\n" if "\r\n" in text else "\n"
    assert f"{end}  two{end}" in new, "lines inside strings are not moved"


METHOD = "new_one(x) {\n  return x;\n}"
WEB = (METHOD, f"function {METHOD}", "new_one(x: number): void;")
NEW = {
    ".py": ("def new_one(x):\n    return x",),
    ".go": ("func new_one(x int) int {\n\treturn x\n}",),
    ".rs": ("fn new_one(x: u8) -> u8 {\n    x\n}",),
}
"""What is inserted, by the end of a file's name; the first that parses there."""


def added(case: Case) -> None:
    """What is inserted behind or into a definition, or at the end, takes nothing away."""
    text = case.text
    for anchor in (case.found, None):
        new = next(new for new in inserted(case, anchor) if fits(case, new))
        place = next(n for n in range(len(text) + 1) if n == len(text) or new[n] != text[n])
        more = len(new) - len(text)
        places = range(max(0, place - more), place + 1)
        assert any(new[:n] + new[n + more :] == text for n in places)
        names = {s.name for s in case.language.symbols(new)}
        assert {s.name for s in case.language.symbols(text)} <= names


def inserted(case: Case, anchor: Symbol | None) -> Iterator[str]:
    """Yield the text with what may stand at a place: a function, a method, a signature."""
    for code in NEW.get(Path(case.path).suffix, WEB):
        yield symbol.inserted(case.text, anchor, code, case.language)


def fits(case: Case, new: str) -> bool:
    whole = case.language.broken(new) <= case.language.broken(case.text)
    return whole and new.count("new_one") == 1


def renamed(case: Case) -> None:
    """A name that is changed and changed back leaves every byte."""
    text, found, language = case.text, case.found, case.language
    try:
        places = list(language.uses(text, found, FRESH))
    except ToolError:
        return  # Not exact here, and refused.
    assert all(text[a:b] == found.own for a, b in places) and found.leaf in places
    new = symbol.renamed(text, places, FRESH)
    assert language.broken(new) <= language.broken(text)
    assert new.replace(FRESH, found.own) == text
    if re.search(rf"(?<!\w){re.escape(found.own)}(?!\w)", new):
        return  # Something else is called so, too.
    name = f"{found.name[: -len(found.own)]}{FRESH}@{found.line}"
    again = symbol.pick(language.symbols(new), name)
    back = symbol.renamed(new, language.uses(new, again, found.own), found.own)
    assert case.data(back) == case.data(text)


@cache
def library(largest: int) -> list[Path]:
    """Real files, of the standard library and of installed packages."""
    found = [*LIBRARY.glob("*.py"), *LIBRARY.glob("json/*.py"), *LIBRARY.glob("asyncio/*.py")]
    for name in ("click", "jinja2", "_pytest"):
        found += INSTALLED.glob(f"{name}/*.py")
    return sorted(p for p in found if 500 < p.stat().st_size < largest)


@cache
def read(path: Path, kind: str) -> tuple[bytes, Text]:
    """The bytes and text of a library file, as it is or as Windows and others would have it."""
    data = path.read_bytes()
    match kind:
        case "crlf":
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        case "marked":
            data = codecs.BOM_UTF8 + data.removeprefix(codecs.BOM_UTF8)
        case "unended":
            data = data.rstrip(b"\n")
    return data, decode(data, path.name)


@cache
def known(path: Path, kind: str) -> tuple[Symbol, ...]:
    return tuple(Python().symbols(read(path, kind)[1].text))


@st.composite
def cases(draw, largest: int = 9_000) -> Case | None:
    path = draw(st.sampled_from(library(largest)))
    kind = draw(st.sampled_from(["plain", "crlf", "marked", "unended"]))
    data, source = read(path, kind)
    assert source.data() == data
    if not known(path, kind):
        return None
    return Case(path.name, source, draw(st.sampled_from(known(path, kind))), Python())


Check = Callable[[Case], None]
CHECKS = pytest.mark.parametrize("check", [itself, other, added, renamed])
MANY = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@CHECKS
@MANY
@given(case=cases())
def test_python_keeps_every_other_byte(check: Check, case: Case | None):
    if case is not None:
        check(case)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@CHECKS
@settings(MANY, max_examples=400)
@given(case=cases(largest=150_000))
def test_python_files_of_all_sizes_keep_every_other_byte(check: Check, case: Case | None):
    if case is not None:
        check(case)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_definition_of_the_standard_library_replaced_by_itself_changes_no_byte():
    count = 0
    for path in sorted(p for p in LIBRARY.glob("*.py") if p.stat().st_size < 150_000):
        for found in known(path, "plain"):
            itself(Case(path.name, read(path, "plain")[1], found, Python()))
            count += 1
    assert count > 5_000


OF_OTHERS = pytest.mark.parametrize("check", [itself, added, renamed])


@OF_OTHERS
@pytest.mark.parametrize("name", ["tree.go", "shelf.rs", "list.tsx", "store.ts"])
@pytest.mark.parametrize("kind", ["plain", "crlf"])
def test_other_languages_keep_every_other_byte(check: Check, name: str, kind: str):
    source, language = read(SAMPLES / name, kind)[1], GRAMMARS[Path(name).suffix]
    found = language.symbols(source.text)
    assert len(found) >= 3
    for one in found:
        check(Case(name, source, one, language))


@OF_OTHERS
def test_real_files_of_other_languages_keep_every_other_byte(check: Check):
    """JavaScript and TypeScript that installed packages carry; none carries Go or Rust."""
    files = [p for p in INSTALLED.rglob("*") if p.suffix in GRAMMARS]
    tried = 0
    for path in sorted(p for p in files if 500 < p.stat().st_size < 20_000):
        source, language = read(path, "plain")[1], GRAMMARS[path.suffix]
        for found in language.symbols(source.text)[:12]:
            check(Case(path.name, source, found, language))
            tried += 1
    assert tried > 50
