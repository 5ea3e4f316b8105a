"""A bell on Redis; needs the extra `redis`."""

from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq.queue.redis import RedisQueue

from samovar.core.errors import SetupError
from samovar.store.bell import Known
from samovar.store.saq_bell import PREFIX, SaqBell


def redis_bell(url: str, agents: Known) -> SaqBell:
    """Return a bell that is not yet connected. Raises SetupError for an unusable address."""
    try:
        client: Redis = Redis.from_url(url, socket_connect_timeout=5)
    except ValueError as error:
        raise SetupError(f"SAMOVAR_BELL_URL: {error}") from error
    return SaqBell(
        make=lambda agent: RedisQueue(client, name=PREFIX + agent),
        agents=agents,
        troubles=(RedisError, OSError),
        prepare=_nothing,
        ending=client.aclose,
    )


async def _nothing() -> None:
    """Prepare nothing: Redis has no tables."""
