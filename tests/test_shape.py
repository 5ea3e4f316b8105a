"""The shape of the source, kept by a test instead of by reviewers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "samovar"
FILE, FUNCTION, PARAMETERS, DEPTH, METHODS = 400, 40, 6, 3, 10
VAGUE = {"utils", "helpers", "common", "misc", "base", "manager", "types"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FILES = sorted(SOURCE.rglob("*.py"))
FOREIGN = "checks/inside/"
"""Programs for other interpreters: they import what they test, as late as they must."""
LATE = {
    "bench/harness.py": "a web server, which only programs of others need",
    "logs.py": "structlog takes 60 ms, and commands that only look write no log",
    "store/glance.py": "psycopg is an extra, and not needed for a home of its own",
    "cli/chat.py": "only who talks to an agent of a team needs its credits, by SQLAlchemy",
    "cli/team_commands.py": "as cli/main.py",
    "cli/memory_commands.py": "as cli/main.py",
    "cli/mcp_commands.py": "as cli/main.py",
    "cli/project_commands.py": "as cli/main.py",
    "cli/main.py": "each command loads what it needs, so that 'samovar --help' is quick",
    "memory/vectors.py": "numpy is an optional extra",
    "models/download.py": "httpx2 is needed to fetch weights only",
    "models/embedded.py": "xllamacpp is an optional extra",
    "models/minilm.py": "numpy is an optional extra",
    "models/outlines.py": "outlines is an optional extra",
    "models/openai.py": "openai takes half a second to import and is needed by model calls only",
    "tools/edit_symbol.py": "libcst and tree-sitter are an optional extra",
    "tools/web.py": "ddgs is an optional extra",
    "traces/tracing.py": "the OpenTelemetry SDK is an optional extra",
    "store/bells.py": "redis and psycopg are optional extras, each needed by its bell only",
}
"""Files that import an optional library in the one function that needs it, and why."""
_QUIET = "the innermost block is a suppress() around one call that may find nothing"
EXCEPTIONS = {
    ("core/rules.py", "catches everything"): "a tool's fault is told and ends no conversation",
    ("org/engine.py", "catches everything"): "one agent's fault stops no other",
    ("org/team.py", "Team has 28 public methods"): "the verbs of every surface in one place",
    ("repo/git.py", "Git has 11 public methods"): "every act on a repository in one place",
    ("web/verbs.py", "Jobs has 11 public methods"): "every act on the queues in one place",
    ("web/team.py", "Queues has 11 public methods"): "as Jobs of web/verbs.py",
    ("flow/variants.py", "_Scope has 14 public methods"): "one method for each kind of syntax",
    ("flow/grafts.py", "_Graft has 13 public methods"): "as _Scope of flow/variants.py",
    ("sandboxes/bubblewrap.py", "_kill nests 4 deep"): _QUIET,
    ("sandboxes/none.py", "_marked nests 4 deep"): _QUIET,
    ("sandboxes/watch.py", "tree_size nests 4 deep"): _QUIET,
    ("sandboxes/watch.py", "unlinked nests 4 deep"): _QUIET,
    ("sandboxes/workspace.py", "hand_over nests 4 deep"): _QUIET,
}
"""(file, complaint): reason."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_is_small_and_plain(path: Path):
    place = path.relative_to(SOURCE).as_posix()
    assert path.stem not in VAGUE, "name the module after what it holds"
    known = {said for where, said in EXCEPTIONS if where == place}
    assert sorted(set(complaints(place, path.read_text())) - known) == []


def test_every_exception_is_still_needed():
    stale = []
    for (place, said), reason in EXCEPTIONS.items():
        assert reason
        found = list(complaints(place, (SOURCE / place).read_text()))
        stale += [(place, said)] if said not in found else []
    assert stale == []
    late = {p for p in LATE if not any(imports_late(ast.parse((SOURCE / p).read_text())))}
    assert late == set()


def test_every_package_says_what_it_is_for():
    packages = [init.parent for init in SOURCE.rglob("__init__.py") if init.parent != SOURCE]
    assert [p.name for p in packages if not (p / "README.md").exists()] == []


@pytest.mark.parametrize("readme", sorted(SOURCE.rglob("README.md")), ids=lambda p: p.parent.name)
def test_a_readme_names_every_module_of_its_folder(readme: Path):
    named = set(re.findall(r"`([a-z_]+)(?:\.py)?`", readme.read_text()))
    modules = {path.stem for path in readme.parent.glob("*.py") if path.stem[0] != "_"}
    assert modules - named == set()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\n" * 401, "has 401 lines"),
        ("def f():\n" + "    x = 1\n" * 40, "f is 41 lines long"),
        ("def f(a, b, c, *, d, e, f, g): ...", "f takes 7 parameters"),
        ("def f():\n if a:\n  if b:\n   if c:\n    if d: ...", "f nests 4 deep"),
        ("def f():\n    import os", "f imports: move it to the top"),
        ("try: ...\nexcept Exception: ...", "catches everything"),
        ("try: ...\nexcept (OSError, Exception): ...", "catches everything"),
        ("try: ...\nexcept: ...", "catches everything"),
        (
            "class C:\n" + "".join(f" def m{n}(self): ...\n" for n in range(11)),
            "C has 11 public methods",
        ),
    ],
)
def test_the_measure_finds_what_it_is_for(code, said):
    assert said in list(complaints("a.py", code))


def test_a_chain_of_conditions_is_one_level():
    code = "def f():\n if a: ...\n elif b: ...\n elif c: ...\n elif d: ...\n else: ..."
    assert list(complaints("a.py", code)) == []


def complaints(place: str, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    if text.count("\n") > FILE:
        yield f"has {text.count(chr(10))} lines"
    if catches_everything(tree):
        yield "catches everything"
    for node in ast.walk(tree):
        if is_function(node):
            yield from of_function(node)
        elif isinstance(node, ast.ClassDef):
            public = [n for n in node.body if is_function(n) and not n.name.startswith("_")]
            if len(public) > METHODS:
                yield f"{node.name} has {len(public)} public methods"
    if place not in LATE and not place.startswith(FOREIGN):
        yield from (f"{name} imports: move it to the top" for name in imports_late(tree))


def of_function(node: Function) -> Iterator[str]:
    doc = len((ast.get_docstring(node) or "").splitlines())
    lines = (node.end_lineno or node.lineno) - node.lineno + 1 - doc
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    named = [a for a in arguments if a.arg not in {"self", "cls"}]
    if lines > FUNCTION:
        yield f"{node.name} is {lines} lines long"
    if len(named) > PARAMETERS and not is_command(node):
        yield f"{node.name} takes {len(named)} parameters"
    if depth(node) > DEPTH:
        yield f"{node.name} nests {depth(node)} deep"


def is_command(node: Function) -> bool:
    """Typer reads the options of a command from its parameters; there are as many as it has."""
    made = (ast.unparse(d.func) for d in node.decorator_list if isinstance(d, ast.Call))
    return any(name.endswith((".command", ".callback")) for name in made)


def imports_late(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if is_function(node):
            found = (isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(node))
            yield from [node.name] if any(found) else []


def depth(node: ast.AST) -> int:
    """How deep blocks nest; `elif` counts as the `if` it belongs to, an inner function anew."""
    inner = [
        depth(c) - _chained(node, c)
        for c in ast.iter_child_nodes(node)
        if not isinstance(c, ast.ClassDef) and not is_function(c)
    ]
    return isinstance(node, BLOCKS) + max(inner, default=0)


def _chained(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]


def catches_everything(tree: ast.Module) -> bool:
    handlers = [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler)]
    return any(h.type is None or "Exception" in _names(h.type) for h in handlers)


def _names(node: ast.expr) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def is_function(node: ast.AST) -> TypeGuard[Function]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
