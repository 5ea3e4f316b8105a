"""Try many versions of a few files against one probe, a fork for each.

Reads a job as JSON from standard input:

    {"variants": [{"path": "text", ...}, ...], "tests": ["test_a.py::test_b"],
     "scripts": ["code"], "bar": 1, "seconds": 2.0, "total": 60.0}

and writes one line for each trial, `MARK index red|slow`, until the first one that leaves fewer
than `bar` tests and scripts red: `MARK index ok red`. Without tests and scripts, all tests count.

The interpreter and pytest, with its configuration and plugins, are loaded once. The forks part
just before the tests are collected, which imports the project, and end when they reach the bar.
"""

import contextlib
import gc
import importlib
import importlib.util
import inspect
import json
import os
import random
import select
import signal
import sys
import time
import unittest

import samovar_pytest

MARK = os.environ.get("SAMOVAR_MARK", "trial")
TOP = os.getcwd()
"""The folder of the project, from where its tests are named."""
MOST = 60
"""Red tests a trial can tell of: the exit status of a program has one byte."""
SHORTEST, SLOWER, PATIENT = 0.25, 10, 3
"""Seconds a trial gets at first, at least; how much slower than the code as it is it may be; and
how much longer those get that were not through."""
PIPE = 60_000
"""Bytes that fit into a pipe at once."""
IDLE = {"request", "event_loop_policy", "_session_faker"}
"""Fixtures of plugins that every test gets, wanted or not, and that change nothing for it."""


class Trials:
    """The trials of one job, and the pytest plugin that parts before the tests are collected."""

    def __init__(self, job):
        self.job = job
        # The exit status that says no test is red: code that calls os._exit(0) does not know it.
        green = random.SystemRandom().randrange(64, 250 - MOST)
        self.judge = Bar(job["tests"], job["scripts"], green, min(job["bar"], MOST))
        self.out = os.fdopen(os.dup(1), "w")
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        self.originals = {path: _read(path) for v in job["variants"] for path in v}

    def pytest_collection(self, session):
        """Part here: what follows happens once in each fork."""
        stale = {os.path.abspath(path) for path in self.originals}
        if any(getattr(m, "__file__", None) in stale for m in list(sys.modules.values())):
            # The project's conftest has imported the code already: start afresh each time.
            self.run(self.judge.afresh)
        elif self.run(self.judge.examples) == "child":
            return None
        os._exit(0)

    def warm(self):
        """Load once what every fork would: what scripts use of Python, and bytecode of the rest."""
        told, tell = os.pipe()
        os.set_blocking(told, False)
        child = os.fork()
        if child == 0:
            os.setsid()
            sys.dont_write_bytecode = False
            for script in self.judge.scripts:
                _holds(script)
            os.write(tell, " ".join(sys.modules).encode()[:PIPE])
            os._exit(0)
        self.wait(child, self.job["seconds"])
        with contextlib.suppress(BlockingIOError):
            _load(os.read(told, PIPE).decode().split())
        os.close(told)
        os.close(tell)
        # Two versions within a second look alike to Python when they are of the same size.
        for path in self.originals:
            with contextlib.suppress(OSError, NotImplementedError):
                os.remove(importlib.util.cache_from_source(os.path.abspath(path)))

    def run(self, begin):
        """Try every variant; returns "child" in a fork that is to go on by itself."""
        if self.judge.scripts:
            self.warm()
        end = deadline = time.monotonic() + self.job["total"]
        first = 0.0
        gc.freeze()  # A collection in a fork would copy every page it looks at.
        # Most slow trials are endless loops: all get a short time first; then those that were not
        # through get more, twice, each time as much together as all of them had.
        waiting = [(None, {}), *enumerate(self.job["variants"])]
        short = self.job["seconds"] / 4
        for patience in (1, PATIENT, None):
            began, slow = time.monotonic(), []
            for index, variant in waiting:
                if time.monotonic() > end:
                    slow += [(index, variant)]
                    continue
                started = time.monotonic()
                child = self.fork(variant)
                if child == 0:
                    return self.branch(begin)
                most = self.job["seconds"]
                result = self.wait(child, min(most, short * patience) if patience else most)
                if index is None:
                    # What the code takes as it is says what an edit of it may take.
                    short = min(short, max(SHORTEST, SLOWER * (time.monotonic() - started)))
                    continue
                self.out.write(f"{MARK} {index} {result}\n")
                self.out.flush()
                if result.startswith("ok"):
                    return "parent"
                if result == "slow":
                    slow.append((index, variant))
            waiting = slow
            first = first or time.monotonic() - began
            end = min(deadline, time.monotonic() + first)
        return "parent"

    def fork(self, variant):
        """Return a child that has a version before it; the code as it is runs past any bar."""
        for path, text in self.originals.items():
            _write(path, variant.get(path, text))
        child = os.fork()
        if child == 0 and not variant:
            self.judge.bar = sys.maxsize
        return child

    def branch(self, begin):
        """Go on as one trial."""
        os.setsid()
        sys.dont_write_bytecode = True
        begin()
        return "child"

    def wait(self, child, seconds):
        """Return how a trial ended."""
        end = os.pidfd_open(child)
        ended = select.select([end], [], [], seconds)[0]
        os.close(end)
        if not ended:
            _kill(child)
            return "slow"
        _, status = os.waitpid(child, 0)
        red = os.WEXITSTATUS(status) - self.judge.green if os.WIFEXITED(status) else -1
        return f"ok {red}" if 0 <= red < self.judge.bar else "red"


class Bar:
    """What judges one trial, scripts first, and its pytest plugin: too much that is red ends it."""

    def __init__(self, tests, scripts, green, bar):
        self.tests = [name for name in tests if os.path.isfile(_file(name))]
        self.order = {name: number for number, name in enumerate(self.tests)}
        self.scripts = scripts
        self.green = green
        self.bar = bar
        self.red = 0

    def examples(self):
        """Run the scripts; a trial that has no tests, or is over the bar, ends here."""
        for script in self.scripts:
            self.red += not _holds(script)
            if self.red >= self.bar:
                os._exit(1)
        if self.scripts and not self.tests:
            os._exit(self.green + self.red)

    def afresh(self):
        """Go on in a new interpreter."""
        code = "import json, sys, trials; trials.Bar(*json.loads(''.join(sys.argv[1:]))).all()"
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
        files = dict.fromkeys(_file(name) for name in self.tests)
        samovar_pytest.run(files, QUIET, [*plugins, self])

    def pytest_collection_modifyitems(self, config, items):
        """Keep the tests of the probe, in its order; files are collected faster than names."""
        if not self.order:
            return
        known = [(samovar_pytest.named(config, i.nodeid, TOP), i) for i in items]
        wanted = [(n, i) for n, i in known if n in self.order or _file(n) in self.order]
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


def _kill(child):
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _holds(script):
    try:
        exec(compile(script, "<example>", "exec"), {"__name__": "__main__"})
    except BaseException:
        return False
    return True


def _load(names):
    """Import those modules that are Python's own."""
    for name in names:
        if name.partition(".")[0] in sys.stdlib_module_names and not _ours(name):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _ours(name):
    """Whether the project has a module of that name, which Python's would stand for then."""
    found = importlib.util.find_spec(name.partition(".")[0])
    return found is not None and str(found.origin).startswith(TOP + os.sep)


def _read(path):
    try:
        with open(path, newline="") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def _write(path, text):
    with open(path, "w", newline="") as handle:
        handle.write(text)


QUIET = ["-q", "--assert=plain", "-p", "no:cacheprovider", "--tb=no"]


def main():
    job = json.load(sys.stdin)
    sys.path.insert(0, os.getcwd())
    trials = Trials(job)
    if job["scripts"] and not trials.judge.tests:
        trials.run(trials.judge.examples)
    else:
        trials.judge.collect(trials)


def _file(name):
    return name.split("::")[0]


if __name__ == "__main__":
    main()
