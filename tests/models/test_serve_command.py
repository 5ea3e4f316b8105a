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


def closed(key: str):
    """Return a server that wants a key."""

    async def heed(heard) -> None:
        if heard.headers.get("authorization") == f"Bearer {key}":
            await behave(heard)
        else:
            await heard.answer(401, b'{"error": "no"}')

    return heed


def table(folder, url: str, name: str = "box", key: str = "BOX_KEY") -> None:
    home = folder / "samovar"
    home.mkdir()
    lines = ("[[models]]", f'name = "{name}"', f'url = "{url}"', f'key = "{key}"')
    (home / "samovar.toml").write_text("\n".join(lines))


async def said_by(process: Process, model: str) -> str:
    """Return what the model of a server that is being started says."""
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    assert line.startswith("tiny answers at http://127.0.0.1:"), await process.stderr.read()
    url = line.split()[3].rstrip(";")
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as ask:
        messages = [{"role": "user", "content": "Hi"}]
        answer = await ask.chat.completions.create(model=model, messages=messages)
        return answer.choices[0].message.content


async def test_the_server_behind_is_given_its_key(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("BOX_KEY", "s3cret-key")
    fake = await serve(closed("s3cret-key"))
    words = ("--upstream", fake.endpoint().url, "--upstream-key", "BOX_KEY", "--port", "0")
    async with started(tmp_path, *words) as process:
        assert await said_by(process, "tiny") == "hello"


async def test_a_table_of_the_settings_is_served_by_its_name(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("BOX_KEY", "s3cret-key")
    fake = await serve(closed("s3cret-key"))
    table(tmp_path, fake.endpoint().url)
    async with started(tmp_path, "box", "--port", "0") as process:
        assert await said_by(process, "box") == "hello"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("--upstream", "URL"), "", "wants a key (HTTP 401): put it into .env and give its name"),
        (("--upstream", "URL", "--upstream-key", "BOX_KEY"), "", "BOX_KEY is not set"),
        (("--upstream", "URL", "--upstream-key", "BOX_KEY"), "old", "refuses the key in BOX_KEY"),
        (("box",), "", "wants a key (HTTP 401): put it into .env as BOX_KEY"),
        (("box",), "old", "refuses the key in BOX_KEY (HTTP 401)"),
    ],
)
async def test_who_wants_a_key_is_said(serve, tmp_path, monkeypatch, words, given, said):
    monkeypatch.setenv("BOX_KEY", given)
    fake = await serve(closed("s3cret-key"))
    table(tmp_path, url := fake.endpoint().url)
    words = (url if word == "URL" else word for word in words)
    async with started(tmp_path, "--port", "0", *words) as process:
        _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2 and told.decode().count("\n") == 1
    assert said in told.decode() and "old" not in told.decode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "--key TOKEN"),
        (("--upstream", "http://127.0.0.1:9/v1"), "start it there"),
        (("nonesuch",), "no model is called 'nonesuch': name a [[models]] table"),
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
