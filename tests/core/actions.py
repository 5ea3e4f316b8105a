"""What a model says in the dialect of actions, for tests that script one."""

import json
from typing import Any


def call(tool: str, /, **arguments: Any) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


def reply(text: str) -> str:
    return call("reply", text=text)
