"""Running pytest in this process: from the top of the project, whatever its configuration asks."""

import os
import sys
from importlib.util import find_spec

USAGE = 4
"""The exit status for options that pytest does not know; no hook has run then."""
ALONE = {"xdist": "-n0", "pytest_cov": "--no-cov"}
"""Options against plugins that run the tests elsewhere, or call a part of them too few."""


def run(tests, options, plugins=()):
    """Run pytest on files, or on tests by the names `named` gives them.

    Again without the configured options if they need a plugin that nobody installed.
    """
    import pytest

    sys.path += _above(tests)
    arguments = [*tests, *options]
    alone = [option for name, option in ALONE.items() if find_spec(name)]
    # A copy each time: pytest puts the configured options into the list it is given.
    if pytest.main([*arguments, *alone], plugins=[*plugins]) == USAGE:
        pytest.main([*arguments, "-o", "addopts="], plugins=[*plugins])


def named(config, nodeid, top):
    """Return the name of a test as seen from the top; pytest begins it where its settings lie."""
    path, colons, rest = nodeid.partition("::")
    if not path:
        return nodeid
    whole = os.path.join(str(getattr(config, "rootpath", None) or config.rootdir), path)
    return os.path.relpath(whole, top).replace(os.sep, "/") + colons + rest


def _above(tests):
    """Return the folders over some tests and their `src`: in one of them pytest may have begun."""
    found = []
    for test in tests:
        folder = os.path.dirname(test.split("::")[0])
        while folder and not os.path.isabs(folder):
            found += [folder, os.path.join(folder, "src")]
            folder = os.path.dirname(folder)
    return [os.path.abspath(f) for f in dict.fromkeys(found) if os.path.isdir(f)]
