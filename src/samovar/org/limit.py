"""What an agent may spend a day, as people change it: in credits.json, and nothing else there."""

from pathlib import Path

from samovar.core.errors import SetupError
from samovar.core.log import write
from samovar.org.credits import FILE, limited


def write_limit(home: Path, agent: str, per_day: int) -> None:
    """Change credits.json, or the file it leads to; NO_LIMIT lifts the limit. Raises SetupError."""
    place = (home / FILE).resolve()
    try:
        data = place.read_bytes() if place.exists() else b""
    except OSError as error:
        raise SetupError(f"{place} cannot be read ({error.strerror}): mend its rights") from error
    write(place, limited(data, agent, per_day))
