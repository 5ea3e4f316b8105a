"""SAMOVAR_BELL_URL to a bell."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from samovar.core.errors import SetupError
from samovar.org.seams import Bell
from samovar.store.bell import Known, LocalBell


class ClosableBell(Bell, Protocol):
    """A bell that holds connections."""

    async def close(self) -> None:
        """Give back every connection."""
        ...


async def nobody() -> Sequence[str]:
    """Return no agents."""
    return ()


def open_bell(url: str, agents: Known = nobody) -> ClosableBell:
    """Return the bell of an address; without one, a bell inside this process.

    `agents` tells whom to listen for when nobody is named. Raises SetupError.
    """
    match urlsplit(url).scheme:
        case "":
            return LocalBell()
        case "redis" | "rediss" | "unix" | "postgresql" | "postgres" | "postgresql+psycopg":
            return _saq(url, agents)
        case other:
            raise SetupError(f"SAMOVAR_BELL_URL: no bell of the kind {other!r}: use redis://HOST")


def _saq(url: str, agents: Known) -> ClosableBell:
    extra = "postgres" if url.startswith("postgres") else "redis"
    try:
        if extra == "postgres":
            from samovar.store.postgres_bell import postgres_bell

            return postgres_bell(url.replace("+psycopg", "", 1), agents)
        from samovar.store.redis_bell import redis_bell

        return redis_bell(url, agents)
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{error.name} is missing: pip install 'samovar[{extra}]' for the bell at {extra}"
        ) from error
