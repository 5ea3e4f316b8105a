"""Running pytest in this process, where the configuration may ask for a plugin that is missing."""

from importlib.util import find_spec

USAGE = 4
"""The exit status for options that pytest does not know; no hook has run then."""
ALONE = {"xdist": "-n0", "pytest_cov": "--no-cov"}
"""Options against plugins that run the tests elsewhere, or call a part of them too few."""


def run(arguments, plugins=()):
    """Run pytest; again without the configured options if they need a plugin nobody installed."""
    import pytest

    alone = [option for name, option in ALONE.items() if find_spec(name)]
    # A copy each time: pytest puts the configured options into the list it is given.
    if pytest.main([*arguments, *alone], plugins=[*plugins]) == USAGE:
        pytest.main([*arguments, "-o", "addopts="], plugins=[*plugins])
