"""`samovar bench`: hands its options to the bench."""

from collections.abc import Mapping

import msgspec

from samovar.bench.command import Options, run
from samovar.core.errors import SetupError


async def measure(options: Mapping[str, object]) -> int:
    """Run the bench; return the exit code. Raises SetupError for an option it does not know."""
    try:
        asked = msgspec.convert(options, Options)
    except msgspec.ValidationError as error:
        raise SetupError(f"bench: {error}") from error
    return await run(asked)
