"""Checking resumes: every problem of a file at once, each with its field and its fix. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE
from samovar.core.rules import Rules
from samovar.org.allowed import allowed
from samovar.org.legs import OUTSIDE, TOOLS, Legs, legs, reads, remote
from samovar.org.problem import Problem, alike, near
from samovar.org.resume import EVERYBODY, PEOPLE, Resume

LARGEST = 262_144
"""Bytes of a resume."""
RESERVED = frozenset({PEOPLE, "person", "owner", "all", "engine", "samovar"})
_FIXES = {
    "name": 'write the name of its folder: "name": "{folder}"',
    "permissions.ungated": 'write a list of names that also stand in tools: "ungated": []',
}
"""Where what a type allows says too little."""
_decoder = msgspec.json.Decoder(Resume)


class Known(Struct, frozen=True, kw_only=True):
    """The names a resume may use; an empty set of models means that nobody knows them."""

    models: frozenset[str] = frozenset()
    tools: frozenset[str] = TOOLS
    absent: Mapping[str, str] = {}
    """Tools that cannot be used here now, each with what would help."""
    servers: frozenset[str] = frozenset()
    """MCP servers; the names of their tools begin with theirs."""
    rules: Rules = Rules()
    """Those of samovar.toml."""


def check(data: bytes, folder: str) -> tuple[Resume | None, list[Problem]]:
    """Return the resume of a folder, and everything that is wrong with it taken for itself.

    The resume is None when there is an error.
    """
    file = f"agents/{folder}/resume.json"
    try:
        resume = _decoder.decode(data)
    except UNREADABLE:
        resume = None
    raw, said = _object(data, file, folder)
    if raw is None:
        return None, said
    found = [*said, *_unknown(raw, Resume, file)]
    if resume is None:
        found += list(_fields(raw, Resume, file, folder))
    name = raw.get("name")
    if isinstance(name, str) and name != folder:
        found.append(_named(file, folder, f'is "{name}", its folder is "{folder}"'))
    if folder.casefold() in RESERVED:
        wrong = f'"{folder}" is kept for people and the engine'
        found.append(Problem(file=file, field="name", wrong=wrong, fix="rename the folder"))
    found = [msgspec.structs.replace(p, agent=folder) for p in found]
    broken = any(p.weight == "error" for p in found)
    return (None if broken else resume), found


def check_team(team: Mapping[str, Resume], known: Known) -> list[Problem]:
    """Return what is wrong between resumes: names of others, models, tools, the rule of two."""
    had = legs(team, known.servers, known.rules)
    found: list[Problem] = []
    for name in sorted(team):
        for problem in _between(team[name], team, known, had[name]):
            found.append(msgspec.structs.replace(problem, agent=name))
    return found


def doubled(folders: Iterable[str]) -> dict[str, str]:
    """Return folders whose name differs from an earlier one only by case, with that one."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for folder in sorted(folders):
        earlier = first.setdefault(folder.casefold(), folder)
        if earlier != folder:
            found[folder] = earlier
    return found


def _object(data: bytes, file: str, folder: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    if len(data) > LARGEST:
        wrong = f"has {len(data)} bytes, more than {LARGEST}"
        return None, [Problem(file=file, wrong=wrong, fix="shorten it", agent=folder)]
    try:
        raw = msgspec.json.decode(data)
    except UNREADABLE as error:
        wrong, fix = f"is not JSON: {error}", "mend it, or copy agents/agent_template"
        return None, [Problem(file=file, wrong=wrong, fix=fix, agent=folder)]
    if not isinstance(raw, dict):
        wrong, fix = "holds no JSON object", "write one: { ... }"
        return None, [Problem(file=file, wrong=wrong, fix=fix, agent=folder)]
    return raw, []


def _fields(
    raw: Mapping[str, Any], kind: type[Struct], file: str, folder: str, at: str = ""
) -> Iterator[Problem]:
    """Yield a problem for every field that does not fit; msgspec itself stops at the first."""
    for field in msgspec.structs.fields(kind):
        place = f"{at}{field.encode_name}"
        if field.encode_name not in raw:
            if field.required:
                fix = _fix(place, field.encode_name, field.type, folder)
                yield Problem(file=file, field=place, wrong="is missing", fix=fix)
            continue
        value = raw[field.encode_name]
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            if isinstance(value, dict):
                yield from _fields(value, field.type, file, folder, f"{place}.")
            else:
                fix = f'write an object: "{field.encode_name}": {{}}'
                yield Problem(file=file, field=place, wrong=f"is {_kind(value)}", fix=fix)
            continue
        for wrong in _misfits(value, field.type):
            fix = _fix(place, field.encode_name, field.type, folder)
            yield Problem(file=file, field=place, wrong=wrong, fix=fix)


def _fix(place: str, field: str, kind: Any, folder: str) -> str:
    own = _FIXES.get(place)
    return own.format(folder=folder) if own else allowed(field, kind)


def _misfits(value: object, kind: Any) -> Iterator[str]:
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        for number, each in enumerate(value):
            yield from (f"[{number}] {said}" for said in _misfits(each, inner))
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said = str(error).replace("`", "")
        yield f"is wrong: {said[:1].lower()}{said[1:]}"


def _unknown(
    raw: Mapping[str, Any], kind: type[Struct], file: str, at: str = ""
) -> Iterator[Problem]:
    """Yield a warning for every field nobody reads."""
    fields = _types(kind)
    for key, value in raw.items():
        if key not in fields:
            fix, wrong = alike(key, fields) or "remove it", "is a field nobody reads"
            yield Problem(file=file, field=f"{at}{key}", wrong=wrong, fix=fix, weight="warning")
            continue
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, Struct) and isinstance(value, dict):
            yield from _unknown(value, inner, file, f"{at}{key}.")


@cache
def _types(kind: type[Struct]) -> dict[str, Any]:
    """Return the fields of a struct; finding them takes as long as reading ten resumes."""
    return {f.encode_name: f.type for f in msgspec.structs.fields(kind)}


def _between(
    resume: Resume, team: Mapping[str, Resume], known: Known, had: Legs
) -> Iterator[Problem]:
    file = f"agents/{resume.name}/resume.json"
    yield from _outboxes(file, resume, team)
    for tool in resume.permissions.tools:
        if remote(tool, known.servers):
            continue
        if tool not in known.tools:
            wrong = f'names "{tool}", a tool nobody knows'
            usable = known.tools - known.absent.keys()
            yield _warning(file, "permissions.tools", wrong, near(tool, usable))
        elif tool in known.absent:
            wrong = f'names "{tool}", which is not to be had here'
            yield _warning(file, "permissions.tools", wrong, known.absent[tool])
    for tool in resume.permissions.ungated:
        if tool not in resume.permissions.tools:
            wrong, fix = f'names "{tool}", which is not among its tools', "remove it"
            yield _warning(file, "permissions.ungated", wrong, fix)
        elif tool not in OUTSIDE and not remote(tool, known.servers):
            wrong, fix = f'names "{tool}", which does not act outside', "remove it"
            yield _warning(file, "permissions.ungated", wrong, fix)
    for model in resume.models:
        if model and known.models and model not in known.models:
            wrong = f'is "{model}", a model nobody knows'
            yield _warning(file, "model", wrong, near(model, known.models))
    if had.all:
        by_rule = f" (allow rules of samovar.toml: {', '.join(had.waived)})" if had.waived else ""
        yield Problem(
            file=file,
            field="permissions.ungated",
            wrong=f"lets it do {', '.join(had.outside)}{by_rule} without a person's yes, though "
            f"it reads strangers' text ({had.untrusted}) and private data ({had.private})",
            fix='empty "ungated", let an allow rule name one host, or take one of the three away '
            "(docs/reference/resume.md)",
        )


def _outboxes(file: str, resume: Resume, team: Mapping[str, Resume]) -> Iterator[Problem]:
    for other in resume.permissions.read_outboxes:
        yield from _reader(file, resume, other, team)
    if resume.craft == "plan":
        yield from _unheard(file, resume, team)


def _reader(file: str, resume: Resume, other: str, team: Mapping[str, Resume]) -> Iterator[Problem]:
    field = "permissions.read_outboxes"
    if other == resume.name:
        yield _warning(file, field, "names the agent itself", "remove it")
    elif other not in (EVERYBODY, PEOPLE) and other not in team:
        wrong = f'names "{other}", an agent that is missing or broken'
        yield _warning(file, field, wrong, near(other, team))


def _unheard(file: str, resume: Resume, team: Mapping[str, Resume]) -> Iterator[Problem]:
    """Yield a warning for each agent that hears a planner by name and is not heard by it.

    And one for a planner that nobody hears.
    """
    heard = reads(resume, team)
    for other in sorted(team.keys() - heard):
        if resume.name in team[other].permissions.read_outboxes and other != resume.name:
            wrong = f'lacks "{other}", who hears it: it gives work and never hears how that went'
            yield _warning(file, "permissions.read_outboxes", wrong, f'add "{other}"')
    if not any(resume.name in reads(each, team) for each in team.values()):
        wrong = "hands out work, but nobody hears it"
        fix = f'add "{resume.name}" to permissions.read_outboxes of others'
        yield _warning(file, "craft", wrong, fix)


def _named(file: str, folder: str, wrong: str) -> Problem:
    return Problem(file=file, field="name", wrong=wrong, fix=_FIXES["name"].format(folder=folder))


def _warning(file: str, field: str, wrong: str, fix: str) -> Problem:
    return Problem(file=file, field=field, wrong=wrong, fix=fix, weight="warning")


def _kind(value: object) -> str:
    names = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
