"""The embedded llama.cpp server: a child process on this machine that ends with its parent.

As a program (`python -m samovar.models.embedded`) this is the child. Source: llama.cpp's server
README, for the meaning of the parameters `xllamacpp` passes on.
"""

import argparse
import asyncio
import ctypes
import importlib.util
import os
import secrets
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError
from samovar.models.endpoint import Endpoint

CONTEXT = 16384
"""Tokens; 28 KB of memory each for the model we ship."""
_PROMPTS, _SHARE = 1024, 16
"""MiB for prompts of the past, and the share of the machine's memory, at most; 8 GiB by default."""
_SLOWEST_DISK = 10 << 20
"""Bytes a second at which weights are surely read."""
_KEY = "SAMOVAR_EMBEDDED_KEY"
_NUMBERS = ("threads", "context", "slots", "port", "embeddings")
_EMBEDDED_AT_ONCE = 2048
"""Tokens of one text that can be embedded."""


class Wish(Struct, frozen=True, kw_only=True):
    """How the server shall run."""

    threads: int
    context: int = CONTEXT
    """Tokens of each slot."""
    slots: int = 1
    port: int = 0
    """0 takes a free one."""
    key: str | None = None
    """None makes one up, so that nobody else on the machine gets in."""
    embeddings: bool = False
    """Whether it shall also answer `/v1/embeddings`."""


@dataclass(frozen=True)
class Child:
    """A server that runs."""

    endpoint: Endpoint
    process: Process

    async def ended(self) -> int:
        """Wait until it is dead; return its exit status."""
        return await self.process.wait()


def threads() -> int:
    """Return how many threads to compute with: SAMOVAR_THREADS, or all cores but one.

    llama.cpp waits by spinning: with as many threads as busy cores it is ten times slower.
    """
    asked = os.environ.get("SAMOVAR_THREADS", "")
    if asked:
        if not asked.isdecimal() or int(asked) < 1:
            raise SetupError(f"SAMOVAR_THREADS is {asked!r}: write a number of threads, such as 2")
        return int(asked)
    return max(1, len(os.sched_getaffinity(0)) - 1)


@asynccontextmanager
async def embedded(
    weights: Path,
    *,
    threads: int,
    context: int = CONTEXT,
    slots: int = 1,
    port: int = 0,
    key: str | None = None,
) -> AsyncIterator[Endpoint]:
    """Run the server on 127.0.0.1 while the block lasts; each slot has `context` tokens.

    Port 0 takes a free one; key None makes one up, so that nobody else on the machine gets in.
    Raises SetupError when it does not start.
    """
    wish = Wish(threads=threads, context=context, slots=slots, port=port, key=key)
    async with running(weights, wish) as child:
        yield child.endpoint


@asynccontextmanager
async def running(weights: Path, wish: Wish) -> AsyncIterator[Child]:
    """Run the server while the block lasts. Raises SetupError when it does not start."""
    _check(weights, wish.port)
    secret = secrets.token_urlsafe(24) if wish.key is None else wish.key
    command = [sys.executable, "-m", "samovar.models.embedded", str(weights)]
    for name in _NUMBERS:
        command += [f"--{name}", str(int(getattr(wish, name)))]
    with tempfile.TemporaryFile() as log:
        child = await asyncio.create_subprocess_exec(
            *command,
            *("--parent", str(os.getpid())),
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            env={**os.environ, _KEY: secret},
            start_new_session=True,
        )
        try:
            url = await _started(child, weights, log)
            model = weights.stem
            yield Child(Endpoint(url=f"{url}/v1", model=model, key=secret, kind="llama.cpp"), child)
        finally:
            await _end(child)


def _check(weights: Path, port: int) -> None:
    if not weights.is_file():
        raise SetupError(f"no weights at {weights}: run 'samovar model pull'")
    if importlib.util.find_spec("xllamacpp") is None:
        raise SetupError(
            "the embedded model server is not installed: pip install 'samovar[local]', "
            "or start Ollama or another server"
        )
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise SetupError(f"port {port} cannot be used ({error}): choose another") from error


async def _started(child: Process, weights: Path, log: IO[bytes]) -> str:
    assert child.stdout is not None
    seconds = 60 + weights.stat().st_size / _SLOWEST_DISK
    try:
        async with asyncio.timeout(seconds):
            line = await child.stdout.readline()
    except TimeoutError as error:
        raise SetupError(f"the embedded model server did not start in {seconds:.0f} s") from error
    if line:
        return str(msgspec.json.decode(line)["url"])
    await child.wait()
    log.seek(0)
    said = [text for text in log.read().decode(errors="replace").splitlines() if text.strip()]
    raise SetupError(
        f"the embedded model server did not start ({said[-1].strip()[:200] if said else 'it died'})"
        "; it needs free memory for weights and context: try a smaller context or model"
    )


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


def main(arguments: list[str] | None = None) -> None:
    """Serve until the parent goes away."""
    parser = argparse.ArgumentParser(prog="samovar.models.embedded")
    parser.add_argument("weights", type=Path)
    for name in (*_NUMBERS, "parent"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asked = parser.parse_args(arguments)
    _die_with(asked.parent)
    # llama.cpp may print; what the parent reads must be ours alone.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    server = _server(asked)
    answer.write(msgspec.json.encode({"url": server.listening_address}) + b"\n")
    answer.flush()
    sys.stdin.buffer.read()
    # Its destructor waits for requests in flight; nobody is left to read them.
    os._exit(0)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def prompts_kept(memory: int) -> int:
    """Return how many MiB prompts of the past may take on a machine with so many bytes."""
    return min(_PROMPTS, (memory >> 20) // _SHARE)


def _server(asked: argparse.Namespace):  # type: ignore[no-untyped-def]  # the library has no types
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(asked.weights)
    params.model_alias = {asked.weights.stem}
    params.n_ctx = asked.context * asked.slots
    params.n_parallel = asked.slots
    params.cache_ram_mib = prompts_kept(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    params.cpuparams.n_threads = asked.threads
    params.cpuparams_batch.n_threads = asked.threads
    params.hostnames = ["127.0.0.1"]
    params.port = asked.port
    key = os.environ.pop(_KEY, "")
    params.api_keys = [key] if key else []
    params.cors_origins = "http://127.0.0.1"
    params.ui = False
    params.verbosity = 1
    if asked.embeddings:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_ubatch = params.n_batch = min(_EMBEDDED_AT_ONCE, asked.context)
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
