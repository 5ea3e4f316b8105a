"""Run a probe once and print which lines of the project's files it reached, as JSON.

python trace.py MARK SECONDS ROOT -- pytest arguments     (or a JSON list of scripts on stdin)
"""

import ast
import contextlib
import json
import os
import signal
import sys
import threading

import samovar_pytest

reached = {}


def main():
    mark, seconds, probe = sys.argv[1], float(sys.argv[2]), sys.argv[4:]
    root = os.getcwd() + os.sep
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path.insert(0, os.getcwd())

    def lines(frame, event, _argument):
        if event == "line":
            reached.setdefault(frame.f_code.co_filename, {}).setdefault(frame.f_lineno, 0)
            reached[frame.f_code.co_filename][frame.f_lineno] += 1
        return lines

    def calls(frame, _event, _argument):
        name = frame.f_code.co_filename
        return lines if name.startswith(root) and "/.venv/" not in name else None

    def stop(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    scripts = json.load(sys.stdin) if not probe else []
    threading.settrace(calls)
    try:
        run(probe, scripts, calls)
    except BaseException as error:
        sys.settrace(None)
        reached.setdefault("error", {})[repr(error)[:500]] = 1
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
    found = {k[len(root) :] if k.startswith(root) else k: v for k, v in reached.items()}
    os.write(out, f"\n{mark} {json.dumps(found)}\n".encode())


def run(probe, scripts, calls):
    if probe:
        sys.settrace(calls)
        samovar_pytest.run(probe, ["-q", "--assert=plain", "-p", "no:cacheprovider"])
    else:
        # What runs while modules are loaded tells nothing of what a call does.
        for node in (n for script in scripts for n in parsed(script)):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([node], []), "<imports>", "exec"), {})
        sys.settrace(calls)
        for script in scripts:
            with contextlib.suppress(Exception):
                exec(compile(script, "<example>", "exec"), {"__name__": "__main__"})


def parsed(script):
    with contextlib.suppress(SyntaxError):
        return ast.parse(script).body
    return []


if __name__ == "__main__":
    main()
