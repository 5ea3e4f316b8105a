"""Write a duration such as 1h30m."""

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def format_seconds(seconds: int) -> str:
    """Return a duration as people write it, the largest unit first."""
    if seconds < 0:
        raise ValueError("a duration is not negative")
    parts = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
