"""Fabric patterns: a folder NAME with a `system.md`, perhaps a `user.md`, and {{variables}}.

Source of the format: https://github.com/danielmiessler/fabric, data/patterns; it is unchanged here.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import SetupError
from samovar.core.message import Message

SHIPPED = Path(__file__).with_name("patterns")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_VARIABLE = re.compile(r"\{\{\s*([^{}\n]+?)\s*\}\}")
_LARGEST = 256 << 10
"""Bytes of a pattern."""


class Pattern(Struct, frozen=True, kw_only=True):
    """A prompt with a name."""

    name: str
    place: Path
    system: str
    user: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables a person must give, without the input."""
        found = _VARIABLE.findall(f"{self.system}\n{self.user}")
        return tuple(dict.fromkeys(v for v in found if v != "input"))

    @property
    def purpose(self) -> str:
        """The first line that says something."""
        rows = (row.strip(" #*-") for row in self.system.splitlines() if not row.startswith("#"))
        return next((row for row in rows if row), self.name)


def find(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the folder of every pattern; of two with one name, the first folder's counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        rows = sorted(folder.glob("*/system.md")) if folder.is_dir() else []
        for path in rows:
            if _NAME.fullmatch(path.parent.name):
                found.setdefault(path.parent.name, path.parent)
    return dict(sorted(found.items()))


def load(name: str, folders: Sequence[Path]) -> Pattern:
    """Return one pattern. Raises SetupError naming those that sound like it, or the folders."""
    found = find(folders)
    if name not in found:
        near = [n for n in found if any(len(w) > 2 and w in n for w in name.lower().split("_"))]
        known = ", ".join((near or list(found))[:8])
        raise SetupError(
            f"there is no pattern {name!r}; perhaps: {known} (all of them: samovar pattern list)"
        )
    place = found[name]
    user = place / "user.md"
    return Pattern(
        name=name,
        place=place,
        system=_read(place / "system.md"),
        user=_read(user) if user.is_file() else "",
    )


def messages(pattern: Pattern, given: str, values: Mapping[str, str]) -> tuple[Message, ...]:
    """Return what is sent to a model; variables in the input itself stay as they are.

    Where the pattern names `{{input}}`, the input stands there; else it follows as the user's.
    Raises SetupError for a variable that is missing or unheard of.
    """
    _complete(pattern, values)
    known = {**values, "input": given}
    system = _filled(pattern.system, known)
    user = _filled(pattern.user, known)
    if "input" not in _VARIABLE.findall(f"{pattern.system}\n{pattern.user}"):
        user = f"{user}\n\n{given}".strip()
    if not user.strip():
        # Many chat templates refuse a conversation without a word of the user's.
        return (Message("user", system),)
    return (
        (Message("system", system), Message("user", user)) if system else (Message("user", user),)
    )


def _complete(pattern: Pattern, values: Mapping[str, str]) -> None:
    wanted = pattern.variables
    plugin = next((v for v in wanted if ":" in v), "")
    if plugin:
        raise SetupError(f"{pattern.name} uses Fabric's plugin {{{{{plugin}}}}}, not run here")
    missing = [v for v in wanted if v not in values]
    if missing:
        words = " ".join(f"-v {v}=..." for v in missing)
        raise SetupError(f"the pattern {pattern.name} wants more words: add {words}")
    unknown = [v for v in values if v not in wanted]
    if unknown:
        known = ", ".join(wanted) or "none"
        raise SetupError(f"{pattern.name} has no variable {unknown[0]!r}; it has: {known}")


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Fill all variables in one pass, so that what is filled in is never filled itself."""
    return _VARIABLE.sub(lambda match: values[match[1]], text).strip()


def _read(path: Path) -> str:
    try:
        with open(path, "rb") as handle:
            data = handle.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise SetupError(f"{path} has more than {_LARGEST >> 10} kB, too much for a prompt")
        return data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}") from error
