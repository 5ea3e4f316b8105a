"""Running pytest in this process, where the configuration may ask for a plugin that is missing."""

USAGE = 4
"""The exit status for options that pytest does not know; no hook has run then."""


def run(arguments, plugins=()):
    """Run pytest; again without the configured options if they need a plugin nobody installed."""
    import pytest

    # A copy each time: pytest puts the configured options into the list it is given.
    if pytest.main([*arguments], plugins=[*plugins]) == USAGE:
        pytest.main([*arguments, "-o", "addopts="], plugins=[*plugins])
