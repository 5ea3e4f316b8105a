"""Try many versions of a few files against one probe, a fork for each.

Reads a job as JSON from standard input:

    {"variants": [{"path": "text", ...}, ...], "probe": ["-x", "test_a.py::test_b"] or "code",
     "seconds": 2.0, "total": 60.0}

and writes one line for each trial until the first green one: `MARK index ok|red|slow`.

The interpreter and pytest, with its configuration and plugins, are loaded once. The forks part
just before the tests are collected, which imports the project, and end at the first failure.
"""

import json
import os
import random
import signal
import sys
import time

MARK = os.environ.get("SAMOVAR_MARK", "trial")
GREEN = random.SystemRandom().randrange(64, 250)
"""The exit status of a green trial: code that calls os._exit(0) does not know it."""


class Trials:
    """The trials of one job, and the pytest plugin that runs them."""

    def __init__(self, job):
        self.job = job
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
            self.run(lambda: _fresh(self.job["probe"]))
        elif self.run(None) == "child":
            return None
        os._exit(0)

    def run(self, probe):
        """Try every variant; returns "child" in a fork that is to go on by itself."""
        deadline = time.monotonic() + self.job["total"]
        # Most slow trials are endless loops: all get a short time first, the rest of it at the end.
        waiting = list(enumerate(self.job["variants"]))
        for seconds in (self.job["seconds"] / 4, self.job["seconds"]):
            slow = []
            for index, variant in waiting:
                if time.monotonic() > deadline:
                    return "parent"
                for path, text in self.originals.items():
                    _write(path, variant.get(path, text))
                child = os.fork()
                if child == 0:
                    return self.branch(probe)
                result = _wait(child, seconds)
                self.out.write(f"{MARK} {index} {result}\n")
                self.out.flush()
                if result == "ok":
                    return "parent"
                if result == "slow":
                    slow.append((index, variant))
            waiting = slow
        return "parent"

    def branch(self, probe):
        """Go on as one trial."""
        os.setsid()
        sys.dont_write_bytecode = True
        if probe is None:
            return "child"
        code = 1
        try:
            code = probe()
        finally:
            os._exit(GREEN if code == 0 else 1)

    def pytest_exception_interact(self, node, call, report):
        """End the fork at its first failure, before anybody words it."""
        if getattr(report, "outcome", "") == "failed":
            os._exit(1)

    def pytest_runtest_makereport(self, item, call):
        """End it even earlier where no marker can turn the failure into something else."""
        if call.excinfo and not item.get_closest_marker("xfail") and _failed(call.excinfo):
            os._exit(1)

    def pytest_sessionfinish(self, session, exitstatus):
        """Only a session that ran its tests and liked them is green."""
        os._exit(GREEN if int(exitstatus) == 0 and session.testscollected else 1)


def _failed(excinfo):
    return excinfo.type.__name__ not in ("Skipped", "Exit")


def _wait(child, seconds):
    end = time.monotonic() + seconds
    pause = 0.001
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "ok" if os.WIFEXITED(status) and os.WEXITSTATUS(status) == GREEN else "red"
        if time.monotonic() > end:
            _kill(child)
            return "slow"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.01)


def _kill(child):
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _script(code):
    exec(compile(code, "<example>", "exec"), {"__name__": "__main__"})
    return 0


def _fresh(probe):
    code = f"import os, pytest, sys; os._exit({GREEN} if pytest.main(sys.argv[1:]) == 0 else 1)"
    os.execv(sys.executable, [sys.executable, "-c", code, *probe, *QUIET])


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
    if isinstance(job["probe"], str):
        trials.run(lambda: _script(job["probe"]))
        return
    import pytest

    pytest.main([*job["probe"], *QUIET], plugins=[trials])


if __name__ == "__main__":
    main()
