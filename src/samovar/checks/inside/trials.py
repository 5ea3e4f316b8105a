"""Try many versions of a few files against one probe, a fork for each.

Reads a job as JSON from standard input:

    {"originals": {"path": "text", ...}, "variants": [{"path": [start, end, "text"], ...}, ...],
     "tests": ["test_a.py::test_b"], "scripts": ["code"], "bar": 1, "seconds": 2.0, "total": 60.0}

and writes one line for each trial, `MARK index red|slow`, until the first one that leaves fewer
than `bar` tests and scripts red: `MARK index ok red`. Without tests and scripts, all tests count.
A variant is what stands in place of some characters of a file.

The interpreter and pytest, with its configuration and plugins, are loaded once. Most trials part
from a process that has loaded the project, too, and collected its tests: there the function that
an edit changes gets new code. What changes more than that is written to its file, and parts just
before the tests are collected, which imports the project.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import random
import select
import signal
import sys
import threading
import time

from samovar_bar import TOP, Bar, holds
from samovar_loaded import OTHER, Loaded, kill
from samovar_patch import Patches

MARK = os.environ.get("SAMOVAR_MARK", "trial")
MOST = 60
"""Red tests a trial can tell of: the exit status of a program has one byte."""
SHORTEST, SLOWER, PATIENT = 0.08, 10, 3
"""Seconds a trial gets at first, at least; how much slower than the code as it is it may be; and
how much longer those get that were not through."""
PIPE = 60_000
"""Bytes that fit into a pipe at once."""
MANY = 8
"""Trials for which it pays to load the project once."""
WHOLE, SCRIPTS = -1, -2
"""What stands for the code as it is, and for its scripts alone."""


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
        self.loaded = Loaded()
        self.serving = False
        if len(job["variants"]) >= MANY:
            self.loaded.watch()

    def pytest_collection(self, session):
        """Part here: what follows happens once in each fork."""
        stale = {os.path.abspath(path) for path in self.job["originals"]}
        known = any(getattr(m, "__file__", None) in stale for m in list(sys.modules.values()))
        # Where the project's conftest has imported the code already, start afresh each time.
        if self.run(self.judge.afresh if known else self.judge.examples) == "parent":
            os._exit(0)

    def pytest_runtestloop(self, session):
        """Part here where the project is loaded and its tests are collected."""
        if self.serving:
            self.serve()

    def warm(self):
        """Load once what every fork would; returns the names of all modules that scripts use.

        That is what they use of Python, and bytecode of the rest.
        """
        told, tell = os.pipe()
        os.set_blocking(told, False)
        child = os.fork()
        if child == 0:
            os.setsid()
            sys.dont_write_bytecode = False
            for script in self.judge.scripts:
                holds(script)
            os.write(tell, " ".join(sys.modules).encode()[:PIPE])
            os._exit(0)
        self.wait(child, self.job["seconds"])
        names = []
        with contextlib.suppress(BlockingIOError):
            names = os.read(told, PIPE).decode().split()
        os.close(told)
        os.close(tell)
        # Two versions within a second look alike to Python when they are of the same size.
        for path in self.job["originals"]:
            with contextlib.suppress(OSError, NotImplementedError):
                os.remove(importlib.util.cache_from_source(os.path.abspath(path)))
        _load(n for n in names if _pythons(n))
        return names

    def run(self, begin):
        """Try every variant; returns "child" in a process that is to go on by itself."""
        names = self.warm() if self.judge.scripts else []
        if len(self.job["variants"]) >= MANY and self.loaded.part(self.job["total"]):
            self.serving = True
            _load(names)
            return "child"
        gc.freeze()  # A collection in a fork would copy every page it looks at.
        end = deadline = time.monotonic() + self.job["total"]
        first = 0.0
        # Most slow trials are endless loops: all get a short time first; then those that were not
        # through get more, twice, each time as much together as all of them had.
        waiting = range(len(self.job["variants"]))
        most = self.job["seconds"]
        short = []
        for index in (WHOLE, SCRIPTS) if self.judge.scripts else (WHOLE, WHOLE):
            began = time.monotonic()
            if self.tried(index, most / 4, most / 4, begin) == "child":
                return "child"
            # What the code takes as it is says what an edit of it may take.
            short.append(min(most / 4, max(SHORTEST, SLOWER * (time.monotonic() - began))))
        for patience in (1, PATIENT, sys.maxsize):
            began = time.monotonic()
            limits = [min(most, seconds * patience) for seconds in short]
            waiting = self._round(waiting, limits, end, begin)
            if isinstance(waiting, str):
                return waiting
            first = first or time.monotonic() - began
            end = min(deadline, time.monotonic() + first / 4)
        return "parent"

    def _round(self, waiting, limits, end, begin):
        """Return those that were not through in time; or how this process is to go on."""
        slow = []
        for index in waiting:
            left = end - time.monotonic()
            within = [min(left, seconds) for seconds in limits]
            result = self.tried(index, *within, begin) if left > 0 else ""
            if result == "child":
                return result
            if result:
                self.out.write(f"{MARK} {index} {result}\n")
                self.out.flush()
            if result.startswith("ok"):
                return "parent"
            if result in ("", "slow"):
                slow.append(index)
        return slow

    def tried(self, index, seconds, scripts, begin):
        """Return how a trial ended; "child" in the process that is to go on as one.

        `seconds` is the limit of the trial, `scripts` that of its scripts.
        """
        result = self.loaded.ask(index, seconds, scripts)
        if result != OTHER:
            return result
        self._write(self._variant(index))
        child = os.fork()
        if child == 0:
            self._branch(index, scripts)
            begin()
            return "child"
        result = self.wait(child, seconds)
        self._write({})
        return result

    def serve(self):
        """Try variants in forks of this process, where the project is loaded; return in those."""
        sys.settrace(None)
        if threading.active_count() > 1:
            os._exit(1)  # A fork would lack the other threads.
        patches = Patches(self.job["originals"], self.loaded.ran.values())
        gc.freeze()
        link = self.loaded.link
        link.send(b"ready")
        for asked in iter(lambda: link.recv(100), b""):
            index, seconds, scripts = json.loads(asked)
            codes = patches.codes(self._variant(index))
            child = None if codes is None else os.fork()
            if child == 0:
                link.close()
                self._branch(index, scripts)
                for function, code in codes:
                    function.__code__ = code
                return self.judge.examples()
            link.send((OTHER if codes is None else self.wait(child, seconds)).encode())
        os._exit(0)

    def _variant(self, index):
        """Return a variant; nothing for the code as it is."""
        return self.job["variants"][index] if index >= 0 else {}

    def _branch(self, index, scripts):
        """Go on as one trial; the code as it is runs past any bar."""
        os.setsid()
        sys.dont_write_bytecode = True
        self.judge.seconds = scripts
        if index < 0:
            self.judge.bar = sys.maxsize
        if index == SCRIPTS:
            self.judge.tests = []

    def _write(self, variant):
        """Write the files with a variant."""
        for path, text in self.job["originals"].items():
            start, end, new = variant.get(path, (0, 0, ""))
            with open(path, "w", newline="", encoding="utf-8") as handle:
                handle.write(text[:start] + new + text[end:])

    def wait(self, child, seconds):
        """Return how a trial ended."""
        end = os.pidfd_open(child)
        ended = select.select([end], [], [], seconds)[0]
        os.close(end)
        if not ended:
            kill(child)
            return "slow"
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            return "slow"
        red = os.WEXITSTATUS(status) - self.judge.green if os.WIFEXITED(status) else -1
        return f"ok {red}" if 0 <= red < self.judge.bar else "red"


def _load(names):
    """Import modules that are not there yet."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _pythons(name):
    """Whether a module is Python's own; the project may have one of that name."""
    top = name.partition(".")[0]
    found = importlib.util.find_spec(top) if top in sys.stdlib_module_names else None
    return found is not None and not str(found.origin).startswith(TOP + os.sep)


def main():
    job = json.load(sys.stdin)
    sys.path.insert(0, os.getcwd())
    trials = Trials(job)
    if trials.judge.tests or not job["scripts"]:
        trials.judge.collect(trials)
    elif trials.run(trials.judge.examples) == "child":
        trials.serve()


if __name__ == "__main__":
    main()
