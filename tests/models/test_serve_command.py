"""`samovar model serve` as a person starts it."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

PROGRAM = (sys.executable, "-c", "from samovar.cli.main import main; main()", "model", "serve")


@asynccontextmanager
async def started(folder, *words: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *words,
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def behave(heard) -> None:
    if heard.path == "/v1/models":
        await heard.answer(200, json.dumps({"data": [{"id": "tiny"}]}).encode())
    elif heard.path == "/v1/chat/completions":
        await heard.say("hello")
    else:
        await heard.answer(404, b"{}")


async def test_it_stands_before_another_server_until_it_is_stopped(serve, tmp_path):
    fake = await serve(behave)
    words = ("--upstream", fake.endpoint().url, "--port", "0", "--key", "secret")
    async with started(tmp_path, *words) as process:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line.startswith("tiny answers at http://127.0.0.1:")
        url = line.split()[3].rstrip(";")
        async with openai.AsyncOpenAI(base_url=url, api_key="secret", max_retries=0) as ask:
            messages = [{"role": "user", "content": "Hi"}]
            answer = await ask.chat.completions.create(model="tiny", messages=messages)
            assert answer.choices[0].message.content == "hello"
        process.send_signal(signal.SIGINT)
        rest, told = await asyncio.wait_for(process.communicate(), 15)
    assert (process.returncode, rest) == (130, b"")
    assert b"Traceback" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "--key TOKEN"),
        (("--upstream", "http://127.0.0.1:9/v1"), "start it there"),
        (("nonesuch",), "nonesuch"),
    ],
)
async def test_what_cannot_work_is_told_on_one_line(tmp_path, words, said):
    async with started(tmp_path, "--port", "0", *words) as process:
        _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert told.decode().count("\n") == 1
    assert said in told.decode()


async def test_a_port_that_is_taken_is_told_on_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with started(tmp_path, "--port", port) as process:
            _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"choose another --port" in told
