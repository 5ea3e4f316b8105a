"""Run several versions of a project on the same calls and print what each returned.

python calls.py MARK      with {"versions": [{"path": "text"}], "calls": ["module:f(1)"],
                           "seconds": 2.0} on standard input
"""

import importlib
import json
import os
import re
import signal
import sys


def main():
    mark, job = sys.argv.pop(1), json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path.insert(0, os.getcwd())
    for version in job["versions"]:
        for path, text in version.items():
            with open(path, "w", newline="") as handle:
                handle.write(text)
        seen = in_child(job)
        out.write(f"{mark} {json.dumps(seen)}\n")
        out.flush()


def in_child(job):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, json.dumps([one(c, job["seconds"]) for c in job["calls"]]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as handle:
        data = handle.read()
    os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        return ["!"] * len(job["calls"])


def one(call, seconds):
    def ring(_number, _frame):
        raise TimeoutError

    module, _, code = call.partition(":")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        value = eval(code, vars(importlib.import_module(module)))
        if hasattr(value, "__next__"):
            value = [v for _, v in zip(range(200), value)]
        # Addresses differ from run to run.
        return re.sub(r"0x[0-9a-f]+", "0x", repr(value))[:500]
    except BaseException as error:
        return f"!{type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
