"""A pytest plugin: a time limit for every test, and a report as JSON.

Loaded by `-p samovar_report`. The limit comes from SAMOVAR_TEST_SECONDS, the path of the report
from SAMOVAR_REPORT; it lies at the top of the project, from where tests are named. It needs nothing
but pytest itself, so that any project's environment will do.
"""

import json
import os
import signal
from itertools import dropwhile, takewhile

from samovar_case import literal, told
from samovar_pytest import named

LIMIT = float(os.environ.get("SAMOVAR_TEST_SECONDS", "10"))
REPORT = os.path.abspath(os.environ.get("SAMOVAR_REPORT", os.devnull))
outcomes = {}
cases = {}
"""By test: what it did when it failed. pytest's short traceback holds the names, not the values."""
given = {}
"""The literals of the arguments of the test that runs, as it began: the code may change them."""


class TooSlow(BaseException):
    """A test ran longer than its limit; not an Exception, so that tested code cannot swallow it."""


def _ring(_number, _frame):
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    raise TooSlow(f"still running after {LIMIT:g} s")


def pytest_configure(config):
    # One file that cannot be imported says nothing of the others.
    config.option.continue_on_collection_errors = True


def pytest_runtest_logstart(nodeid, location):
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, LIMIT)


def pytest_runtest_logfinish(nodeid, location):
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def pytest_runtest_setup(item):
    arguments = item.callspec.params if hasattr(item, "callspec") else {}
    given.clear()
    given.update((name, literal(value)) for name, value in arguments.items())


def pytest_runtest_makereport(item, call):
    if call.excinfo is not None:
        path = str(getattr(item, "path", ""))
        later = dropwhile(lambda e: str(e.path) != path, call.excinfo.traceback)
        own = takewhile(lambda e: str(e.path) == path, later)
        frames = [(path, e.lineno + 1, e.frame.f_locals) for e in own]
        cases[item.nodeid] = told(frames, given) if frames else ""


def pytest_runtest_logreport(report):
    known = outcomes.get(report.nodeid)
    if report.outcome == "failed":
        outcomes[report.nodeid] = _failed(report)
    elif known is None and (report.when == "call" or report.outcome == "skipped"):
        outcomes[report.nodeid] = {"outcome": report.outcome}


def pytest_collectreport(report):
    if report.outcome == "failed":
        outcomes[report.nodeid] = _failed(report)


def pytest_sessionfinish(session, exitstatus):
    top = os.path.dirname(REPORT)
    seen = {named(session.config, n, top) or "collection": found for n, found in outcomes.items()}
    with open(REPORT, "w") as handle:
        json.dump({"exit": int(exitstatus), "tests": seen}, handle)


def _failed(report):
    text = str(report.longrepr or "")[-4000:]
    case = cases.get(report.nodeid, "")[-4000:]
    return {"outcome": "failed", "message": text, "case": case}
