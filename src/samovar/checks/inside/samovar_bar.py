"""What judges one trial: scripts, then tests, until too much of them is red."""

import inspect
import json
import os
import signal
import sys
import unittest

import samovar_pytest

IDLE = {"request", "event_loop_policy", "_session_faker"}
"""Fixtures of plugins that every test gets, wanted or not, and that change nothing for it."""
TOP = os.getcwd()
"""The folder of the project, from where its tests are named."""
QUIET = ["-q", "--assert=plain", "-p", "no:cacheprovider", "--tb=no"]


class Bar:
    """What judges one trial, scripts first, and its pytest plugin: too much that is red ends it."""

    def __init__(self, tests, scripts, green, bar):
        self.tests = [name for name in tests if os.path.isfile(file_of(name))]
        self.order = {name: number for number, name in enumerate(self.tests)}
        self.scripts = scripts
        self.green = green
        self.bar = bar
        self.red = 0
        self.seconds = 0.0
        """What the scripts may take together; 0 for any time."""

    def examples(self):
        """Run the scripts; a trial that has no tests, or is over the bar, ends here."""
        signal.setitimer(signal.ITIMER_REAL, self.seconds if self.scripts else 0)
        for script in self.scripts:
            self.red += not holds(script)
            if self.red >= self.bar:
                os._exit(1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self.scripts and not self.tests:
            os._exit(self.green + self.red)

    def afresh(self):
        """Go on in a new interpreter."""
        code = "import json, sys, samovar_bar as b; b.Bar(*json.loads(''.join(sys.argv[1:]))).all()"
        told = json.dumps([self.tests, self.scripts, self.green, self.bar])
        # One argument may have 128 KiB.
        parts = [told[at : at + 100_000] for at in range(0, len(told), 100_000)]
        os.execv(sys.executable, [sys.executable, "-c", code, *parts])

    def all(self):
        """Judge by everything, in an interpreter that has loaded nothing yet."""
        self.examples()
        self.collect()

    def collect(self, *plugins):
        """Run pytest on the files of the tests."""
        files = dict.fromkeys(file_of(name) for name in self.tests)
        samovar_pytest.run(files, QUIET, [*plugins, self])

    def pytest_collection_modifyitems(self, config, items):
        """Keep the tests of the probe, in its order; files are collected faster than names."""
        if not self.order:
            return
        known = [(samovar_pytest.named(config, i.nodeid, TOP), i) for i in items]
        wanted = [(n, i) for n, i in known if n in self.order or file_of(n) in self.order]
        wanted.sort(key=lambda pair: self.order.get(pair[0], len(self.order)))
        items[:] = [item for _, item in wanted]

    def pytest_runtest_protocol(self, item, nextitem):
        """Run a test that needs nothing of pytest directly: many times as fast."""
        call = _plain(item)
        if call is None:
            return None
        item.session.testsfailed += not call()
        if self.over(item.session):
            os._exit(1)
        # What the tests before it set up may have to go before the next one.
        item.session._setupstate.teardown_exact(nextitem)
        return True

    def pytest_exception_interact(self, node, call, report):
        """End at the bar, or where a file cannot even be collected, before anybody words it."""
        if getattr(report, "outcome", "") != "failed":
            return
        if report.when == "collect" or self.over(node.session):
            os._exit(1)

    def pytest_runtest_makereport(self, item, call):
        """End it even earlier where no marker can turn the failure into something else."""
        if not call.excinfo or item.get_closest_marker("xfail") or not _failed(call.excinfo):
            return
        if self.over(item.session, 1):
            os._exit(1)

    def pytest_sessionfinish(self, session, exitstatus):
        """Only a session that ran its tests says how many are red."""
        red = self.red + session.testsfailed
        ended = int(exitstatus) in (0, 1) and session.testscollected + len(self.scripts) > red
        os._exit(self.green + red if ended else 1)

    def over(self, session, more=0):
        """Return whether as much is red as before the edit."""
        return self.red + session.testsfailed + more >= self.bar


def _plain(item):
    """Return how to run a test without fixtures and marks; None where it has some."""
    if any(m.name != "parametrize" for m in item.iter_markers()):
        return None
    told = getattr(getattr(item, "callspec", None), "params", {})
    set_up = f"_unittest_setUpClass_fixture_{getattr(item.cls, '__qualname__', '')}"
    asked = set(item.fixturenames) - set(told) - {set_up} - IDLE
    if asked or inspect.iscoroutinefunction(item.obj) or inspect.isgeneratorfunction(item.obj):
        return None
    if item.cls is None or not issubclass(item.cls, unittest.TestCase):
        return lambda: unittest.FunctionTestCase(_skipping(item.obj, told)).run().wasSuccessful()
    own = (item.cls.setUpClass.__func__, item.cls.tearDownClass.__func__)
    base = (unittest.TestCase.setUpClass.__func__, unittest.TestCase.tearDownClass.__func__)
    if own != base or issubclass(item.cls, unittest.IsolatedAsyncioTestCase):
        return None
    return lambda: item.cls(item.originalname).run().wasSuccessful()


def _skipping(test, told):
    """Return the test as unittest knows it: it has an exception of its own for a skipped one."""
    import pytest

    def run():
        try:
            test(**told)
        except pytest.skip.Exception as skipped:
            raise unittest.SkipTest(str(skipped)) from skipped

    return run


def _failed(excinfo):
    return excinfo.type.__name__ not in ("Skipped", "Exit")


def holds(script):
    try:
        exec(compile(script, "<example>", "exec"), {"__name__": "__main__"})
    except BaseException:
        return False
    return True


def file_of(name):
    return name.split("::")[0]
