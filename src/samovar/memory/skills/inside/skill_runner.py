"""Runs a skill inside the sandbox: reads an order from standard input, writes one result file.

The order: `function`, `arguments`, `tests`, `result`. With tests, they run, and
tell whether they call the function; else the function does.
The Python may be an older one than samovar's own: it is the project's.
"""

import asyncio
import inspect
import json
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any


class Failed(Exception):
    """A function raised what is the cause of this."""


class Gone(BaseException):
    """What a function raises that is not there; no test expects it."""


def main() -> None:
    order = json.load(sys.stdin)
    try:
        text = json.dumps(carry_out(order), allow_nan=False)
    except BaseException as error:
        text = json.dumps({"ok": False, "error": told(error)})
    with open(order["result"], "w", encoding="utf-8") as handle:
        handle.write(text)


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    module = types.ModuleType("skill")
    module.__file__ = "skill.py"
    sys.modules["skill"] = module
    with open("skill.py", encoding="utf-8", newline="") as handle:
        code = compile(handle.read(), "skill.py", "exec")
    exec(code, module.__dict__)  # noqa: S102 - that is what the sandbox is for
    for name in order["tests"]:
        use(module.__dict__[name], {}, name)
    if order["tests"]:
        return {"ok": True, "value": called(module, order)}
    value = use(module.__dict__[order["function"]], order["arguments"], order["function"])
    return {"ok": True, "value": value}


def called(module: types.ModuleType, order: dict[str, Any]) -> bool:
    """Run the tests again with the function gone, and tell whether one of them misses it."""

    def gone(*_: object, **__: object) -> None:
        raise Gone

    setattr(module, order["function"], gone)
    for name in order["tests"]:
        try:
            use(module.__dict__[name], {}, name)
        except Failed:
            return True
    return False


def use(function: Callable[..., Any], arguments: dict[str, Any], name: str) -> Any:
    try:
        value = function(**arguments)
        return asyncio.run(value) if inspect.iscoroutine(value) else value
    except BaseException as error:
        raise Failed(f" in {name}") from error


def told(error: BaseException) -> str:
    where = ""
    if isinstance(error, Failed) and error.__cause__ is not None:
        where, error = str(error), error.__cause__
    rows = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == "skill.py"]
    where += f", line {rows[-1].lineno}: {rows[-1].line or ''}" if rows else ""
    text = " ".join(str(error).split())[:500]
    return f"{type(error).__name__}: {text}{where}".strip()[:900]


main()
