"""A pytest plugin: a time limit for every test, and a report as JSON.

Loaded by `-p samovar_report`. The limit comes from SAMOVAR_TEST_SECONDS, the path of the report
from SAMOVAR_REPORT; it lies at the top of the project, from where tests are named. It needs nothing
but pytest itself, so that any project's environment will do.
"""

import json
import os
import signal

from samovar_pytest import named

LIMIT = float(os.environ.get("SAMOVAR_TEST_SECONDS", "10"))
REPORT = os.path.abspath(os.environ.get("SAMOVAR_REPORT", os.devnull))
outcomes = {}
statements = {}
"""By test: the whole statement that failed in it. pytest's short traceback holds its first line."""


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


def pytest_runtest_makereport(item, call):
    if call.excinfo is not None:
        own = [e for e in call.excinfo.traceback if str(e.path) == str(getattr(item, "path", ""))]
        if own:
            statements[item.nodeid] = str(own[0].statement)


def pytest_runtest_logreport(report):
    known = outcomes.get(report.nodeid)
    if report.outcome == "failed":
        outcomes[report.nodeid] = {"outcome": "failed", "message": _message(report)}
    elif known is None and (report.when == "call" or report.outcome == "skipped"):
        outcomes[report.nodeid] = {"outcome": report.outcome}


def pytest_collectreport(report):
    if report.outcome == "failed":
        outcomes[report.nodeid] = {"outcome": "failed", "message": _message(report)}


def pytest_sessionfinish(session, exitstatus):
    top = os.path.dirname(REPORT)
    seen = {named(session.config, n, top) or "collection": told for n, told in outcomes.items()}
    with open(REPORT, "w") as handle:
        json.dump({"exit": int(exitstatus), "tests": seen}, handle)


def _message(report):
    text = str(report.longrepr or "")
    lines = [line.strip() for line in statements.get(report.nodeid, "").splitlines()]
    if len(lines) > 1:
        text = text.replace(f"    {lines[0]}\n", f"    {' '.join(lines)}\n", 1)
    return text[-4000:]
