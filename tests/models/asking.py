"""What the tests of the model server ask, and how: by the official client and by bare requests."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import openai

READ = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"$ref": "#/$defs/Path"}, "first": {"type": "integer"}},
            "required": ["path"],
            "$defs": {"Path": {"type": "string"}},
        },
    },
}
LIST = {"type": "function", "function": {"name": "list_files", "description": "List files."}}
ASKED = [{"role": "user", "content": "Read a.py"}]
ACTION = '{"tool": "read_file", "arguments": {"path": "a.py"}}'
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@asynccontextmanager
async def client(port: int, key: str = "none") -> AsyncIterator[openai.AsyncOpenAI]:
    url = f"http://127.0.0.1:{port}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as made:
        yield made


def says(*pieces: str, finish: str = "stop"):
    async def behave(heard) -> None:
        await heard.say(*pieces, finish=finish, usage=USAGE)

    return behave


async def post(
    port: int, body, *, seconds=20.0, path="/v1/chat/completions", **more
) -> httpx2.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"http://127.0.0.1:{port}{path}"
    headers = {"Content-Type": "application/json", **more.get("headers", {})}
    async with httpx2.AsyncClient(timeout=seconds, trust_env=False) as ask:
        return await ask.post(url, content=data, headers=headers)
