"""The cases of the chat bench: a small project, what a person asks, and a check of what came.

They are made in code from a few names, so that a seed gives others: a prompt that was tuned on
seed 0 is judged on another.
"""

import random
from collections.abc import Callable, Mapping

from msgspec import Struct

_VERBS = ("add", "scale", "clamp", "shift", "merge", "trim", "count", "blend")
_NOUNS = ("price", "speed", "weight", "angle", "level", "depth", "size", "rate")
_STEMS = ("store", "ledger", "sensor", "basket", "engine", "garden", "kitchen", "harbour")


class Case(Struct, frozen=True, kw_only=True):
    """One thing a person asks of an agent; all that is given here must hold afterwards."""

    id: str
    ask: str
    files: Mapping[str, str]
    may: tuple[str, ...] = ()
    """Paths of which one at least must change, and no other; none for a question."""
    probes: tuple[str, ...] = ()
    """Programs in Python that must end well in the copy."""
    says: tuple[str, ...] = ()
    """Words of the answer."""
    has: tuple[str, str] = ("", "")
    """A path, and what must stand in it."""
    gone: str = ""
    """What must stand in no file."""


class Names(Struct, frozen=True):
    """How things are called in a case."""

    module: str
    verb: str
    noun: str
    other: str
    number: int

    @property
    def function(self) -> str:
        """Name of the function the case is about."""
        return f"{self.verb}_{self.noun}"

    @property
    def path(self) -> str:
        """The file it stands in."""
        return f"{self.module}.py"

    def code(self, body: str = "return a + b", arguments: str = "a, b") -> str:
        """Return the function."""
        return f"def {self.function}({arguments}):\n    {body}\n"

    def probe(self, *lines: str) -> str:
        """Return a program that knows the function as f and its module as m."""
        return "\n".join([f"import {self.module} as m", f"f = m.{self.function}", *lines])


def cases(seed: int = 0) -> list[Case]:
    """Return the cases of a seed, always the same ones."""
    made = []
    for number, make in enumerate(_MAKERS):
        # Not for secrets: the same seed must give the same cases.
        draw = random.Random(f"{seed}/{number}")  # noqa: S311
        noun, other = draw.sample(_NOUNS, 2)
        stem, verb = draw.choice(_STEMS), draw.choice(_VERBS)
        made.append(make(Names(stem, verb, noun, other, draw.randint(3, 97))))
    return made


def _edit(n: Names, id: str, ask: str, probe: str, text: str = "") -> Case:
    """Return a case in which one file is changed."""
    files = {n.path: text or n.code()}
    return Case(id=id, ask=ask, files=files, may=(n.path,), probes=(probe,))


def _rename(n: Names) -> Case:
    new = f"{n.verb}_{n.other}"
    ask = f"rename the function {n.function} in {n.path} to {new}"
    probe = f"import {n.module} as m\nassert m.{new}(1, 2) == 3 and not hasattr(m, '{n.function}')"
    return _edit(n, "rename", ask, probe)


def _rename_everywhere(n: Names) -> Case:
    new = f"{n.verb}_{n.other}"
    main = f"from {n.module} import {n.function}\n\nTOTAL = {n.function}(1, 2)\n"
    return Case(
        id="rename-everywhere",
        ask=f"rename {n.function} to {new} in {n.path} and in main.py, which uses it",
        files={n.path: n.code(), "main.py": main},
        may=(n.path, "main.py"),
        probes=(f"import main, {n.module}\nassert main.TOTAL == 3 == {n.module}.{new}(2, 1)",),
        gone=n.function,
    )


def _failing(n: Names) -> Case:
    test = f"test_{n.module}.py"
    head = f"from {n.module} import {n.function}\n\n\ndef test_{n.function}():\n"
    text = f"{head}    assert {n.function}(2, 3) == 5\n"
    return Case(
        id="fix-failing-test",
        ask=f"the test in {test} fails: fix the code, not the test",
        files={n.path: n.code("return a - b"), test: text},
        may=(n.path,),
        probes=(n.probe(f"assert f(2, 3) == 5 and f(-1, {n.number}) == {n.number - 1}"),),
    )


def _bound(n: Names) -> Case:
    body = "total = 0\n    for i in range(1, a):\n        total += i\n    return total"
    ask = f"{n.function} in {n.path} shall sum 1 to a, a included, but leaves out the last: mend it"
    probe = n.probe("assert (f(3), f(1), f(0)) == (6, 1, 0)")
    return _edit(n, "fix-off-by-one", ask, probe, n.code(body, "a"))


def _guard(n: Names) -> Case:
    ask = f"{n.function} in {n.path} must raise ValueError when b is 0"
    tried = ("try:", "    f(1, 0)", "except ValueError:", "    pass", "else:", "    exit(1)")
    probe = n.probe("assert f(6, 3) == 2", *tried)
    return _edit(n, "raise-error", ask, probe, n.code("return a / b"))


def _documented(n: Names) -> Case:
    ask = f"add a docstring to {n.function} in {n.path}"
    return _edit(n, "docstring", ask, n.probe("assert f.__doc__.strip() and f(1, 2) == 3"))


def _added(n: Names) -> Case:
    ask = f"add a function double_{n.other}(x) to {n.path} that returns 2 * x"
    probe = n.probe(f"assert m.double_{n.other}({n.number}) == {2 * n.number} and f(1, 2) == 3")
    return _edit(n, "add-function", ask, probe)


def _removed(n: Names) -> Case:
    old = f"old_{n.other}"
    ask = f"remove {old} from {n.path}, nobody uses it"
    probe = n.probe(f"assert not hasattr(m, '{old}') and f(1, 2) == 3")
    text = f"{n.code()}\n\ndef {old}():\n    return {n.number}\n"
    return _edit(n, "remove-function", ask, probe, text)


def _default(n: Names) -> Case:
    ask = f"give the argument b of {n.function} in {n.path} the default {n.number}"
    return _edit(n, "default", ask, n.probe(f"assert f(1) == {n.number + 1} and f(1, 2) == 3"))


def _constant(n: Names) -> Case:
    name = f"LIMIT_{n.noun.upper()}"
    ask = f"set {name} in {n.path} to {n.number + 5}"
    text = f"{name} = {n.number}\n\n\ndef limit():\n    return {name}\n"
    probe = f"import {n.module} as m\nassert m.limit() == {n.number + 5}"
    return _edit(n, "constant", ask, probe, text)


def _tested(n: Names) -> Case:
    test = f"test_{n.module}"
    every = "[each() for name, each in sorted(vars(t).items()) if name.startswith('test')]"
    good = f"import {test} as t\nassert {every}"
    broken = (f"m.{n.function} = lambda a, b: a * b + 7", f"import {test} as t", "try:")
    caught = (f"    {every}", "except AssertionError:", "    pass", "else:", "    exit(1)")
    return Case(
        id="write-test",
        ask=f"write a test of {n.function} in {n.path} into a new file {test}.py, plain asserts",
        files={n.path: n.code()},
        may=(f"{test}.py",),
        probes=(good, n.probe(*broken, *caught)),
    )


def _written(n: Names) -> Case:
    path, head = f"docs/{n.noun}.md", f"# {n.noun.title()}"
    ask = f"create the file {path} with the heading '{head}' and one sentence below it"
    return Case(id="create-file", ask=ask, files={n.path: n.code()}, may=(path,), has=(path, head))


def _returns(n: Names) -> Case:
    files = {n.path: n.code(f"return a * {n.number} - 1", "a")}
    ask = f"what does {n.function}(4) in {n.path} return? give the number"
    return Case(id="what-returns", ask=ask, files=files, says=(str(4 * n.number - 1),))


def _where(n: Names) -> Case:
    stems = [stem for stem in _STEMS if stem != n.module]
    files = {f"{stem}.py": f"def {stem}_{n.other}():\n    return 0\n" for stem in stems}
    ask = f"in which file is {n.function} defined?"
    files[n.path] = n.code()
    return Case(id="where-defined", ask=ask, files=files, says=(n.path,))


def _summed(n: Names) -> Case:
    rows = "".join(f"{n.noun}{k},{k * n.number}\n" for k in range(1, 8))
    ask = "what is the sum of the column amount in data.csv? give the number"
    files = {"data.csv": f"name,amount\n{rows}"}
    return Case(id="sum-column", ask=ask, files=files, says=(str(28 * n.number),))


def _talk(n: Names) -> Case:
    ask = "hello! in one word: which language is this project written in?"
    return Case(id="just-talk", ask=ask, files={n.path: n.code()}, says=("python",))


_MAKERS: tuple[Callable[[Names], Case], ...] = (
    *(_rename, _rename_everywhere, _failing, _bound, _guard, _documented, _added, _removed),
    *(_default, _constant, _tested, _written, _returns, _where, _summed, _talk),
)
