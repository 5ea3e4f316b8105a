"""Settings: samovar.toml, then .env, then SAMOVAR_* of the environment; the later one wins.

They come from the user's own folders only: ~/.config/samovar and the repository's .samovar, which
git ignores. A file that arrives with a cloned repository must not choose where prompts are sent.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, Struct

from samovar.core.errors import SetupError
from samovar.core.rules import Rules
from samovar.core.task import Budget
from samovar.logs import Level
from samovar.sandboxes.granted import granted
from samovar.tools.address import Web
from samovar.tools.remote_server import RemoteServer


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model on one server: a `[[models]]` table."""

    name: str
    """How it is called on the command line."""
    url: str
    """Address with its version, such as `http://gpu-box:8000/v1`."""
    model: str = ""
    """The server's own name for the model; empty means its only or first one."""
    key: str = ""
    """Name of the environment variable that holds the key, never the key itself."""
    context: Annotated[int, Meta(ge=0)] = 0
    """Tokens the model holds, where the server does not tell; 0: as asked or measured."""


class Otel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[otel]` table: where traces go; nowhere by default."""

    endpoint: str = ""
    """Base address of a collector that takes OTLP over HTTP, such as `http://localhost:4318`."""
    texts: bool = False
    """Whether answers of models and arguments of tools go along."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a person can set."""

    model: str = ""
    """Name of the model to use; empty takes the first configured, then the first found."""
    models: tuple[Server, ...] = ()
    embeddings: str = ""
    """Name of the `[[models]]` table that embeds notes; empty takes the small local model."""
    threads: int = 0
    """Threads of the embedded server; 0 means all cores but one."""
    context: int = 16_384
    """Tokens of the embedded server."""
    calls: int = 24
    """Model calls of a run, at most."""
    tokens: int = 8_000
    """Generated tokens of a run, at most."""
    steps: Annotated[int, Meta(ge=1)] = 20
    """Answers of the model in one turn of a conversation, or a task with tools, at most."""
    turn_seconds: Annotated[float, Meta(ge=0)] = 0.0
    """Seconds of model and tools in one turn, at most; 0 is without limit."""
    turn_credits: Annotated[float, Meta(ge=0)] = 0.0
    """Credits of one task of an agent with tools, at most; 0 is without limit."""
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.2
    """At which the answers of a conversation, and of a task with tools, are drawn."""
    candidates: int = 12
    """Candidates a step, at most."""
    test_seconds: float = 10.0
    """Limit of one test."""
    check_seconds: float = 300.0
    """Limit of one run of the checks."""
    readable: tuple[str, ...] = ()
    """More folders that what runs in the sandbox may read, such as `~/.cargo/bin`."""
    fetch: bool = True
    """Whether a run that finds no model may fetch the embedded weights by itself."""
    search_seconds: float = 60.0
    """How long small edits are tried in one go."""
    database_url: str = ""
    """PostgreSQL for several machines; empty means samovar.db in the home."""
    bell_url: str = ""
    """Redis or PostgreSQL that wakes workers of other processes; empty means they look."""
    carry_megabytes: int = 0
    """How large the files of a task may be that travel by the database, for workers on machines
    without the home's folder; 0 sends none: all workers see the home."""
    log: Level = "warning"
    """The least that a process that serves or works writes down on standard error."""
    rules: Rules = Rules()
    """What agents may do: docs/reference/rules.md."""
    mcp: dict[str, RemoteServer] = {}
    """MCP servers whose tools agents may use, by name: docs/guides/mcp.md."""
    web: Web = Web()
    otel: Otel = Otel()

    @property
    def budget(self) -> Budget:
        """What a run may spend on model calls."""
        return Budget(calls=self.calls, generated=self.tokens)


def load(home: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings for a home. Raises SetupError naming the file and the field."""
    person, own = (_read(folder / "samovar.toml") for folder in (config_folder(environment), home))
    values = {**person, **own, "rules": _joined(person.get("rules", {}), own.get("rules", {}))}
    given = _given(variables(home, environment))
    if "models" in given and isinstance(tables := values.get("models", []), list):
        given["models"] = [*given["models"], *tables]
    values |= given
    if isinstance(values.get("log"), str):
        values["log"] = values["log"].lower()  # many write INFO
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        words = str(error).replace(" - at `$.", ", in `").replace("`rules.person.", "`rules.")
        raise SetupError(f"settings: {words}; see docs/reference/settings.md") from error


def variables(home: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of the .env files and, above them, the environment; secrets included.

    One that is set to nothing, as compose files do, hides none.
    """
    found: dict[str, str] = {}
    for folder in (config_folder(environment), home):
        path = folder / ".env"
        if path.is_file():
            found |= {k: v for k, v in dotenv_values(path).items() if v is not None}
    return found | {k: v for k, v in environment.items() if v or k not in found}


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the user's own configuration folder."""
    base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "samovar"


def readable(names: Sequence[str], home: Path) -> tuple[Path, ...]:
    """Return the folders that a `readable` names, that of the sandbox or of an MCP server.

    Raises SetupError for what no sandbox is shown: homes, credentials and our own folders.
    """
    return granted(names, Path.home(), (config_folder(), home))


def _joined(person: Any, own: Any) -> Any:
    """Return a home's rules above the person's own, whose permissions hold where it gives none.

    A table of another shape is complained of by its reader. Raises SetupError for a field of ours.
    """
    for table in (person, own):
        if not isinstance(table, dict):
            return table
        if "person" in table:
            raise SetupError("settings: [rules] has the fields allow, ask and deny, but no person")
    return {"allow": person.get("allow", []), **own, "person": person}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path}: {error}") from error


def _given(environment: Mapping[str, str]) -> dict[str, Any]:
    files_only = {"models", "rules", "web", "mcp", "otel", "readable"}
    fields = {f.name for f in msgspec.structs.fields(Settings)} - files_only
    given = {n: environment.get(f"SAMOVAR_{n.upper()}", "") for n in fields}
    found: dict[str, Any] = {n: v for n, v in given.items() if v}
    url = environment.get("SAMOVAR_MODEL_URL")
    if url:
        key = "SAMOVAR_MODEL_KEY" if environment.get("SAMOVAR_MODEL_KEY") else ""
        model = environment.get("SAMOVAR_MODEL", "")
        server = {"name": "env", "url": url, "model": model, "key": key}
        return {**found, "model": "env", "models": [server]}
    return found
