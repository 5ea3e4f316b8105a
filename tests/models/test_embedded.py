import asyncio
import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.core.message import Message, Request
from samovar.models import weights
from samovar.models.embedded import embedded, prompts_kept, threads
from samovar.models.endpoint import Endpoint
from samovar.models.failures import Rejected
from samovar.models.openai import OpenAI
from samovar.models.profile import Profile, known

SHIPPED = weights.CATALOGUE[0]
ready = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or not weights.here(SHIPPED),
    reason=f"needs {SHIPPED.name}: run 'samovar model pull'",
)
HOLDER = """
import asyncio, sys
from pathlib import Path
from samovar.models.embedded import embedded

async def hold():
    async with embedded(Path(sys.argv[1]), threads=1, context=512) as endpoint:
        print(endpoint.url, flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


def test_one_core_is_left_to_others_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMOVAR_THREADS", raising=False)
    assert threads() == max(1, len(os.sched_getaffinity(0)) - 1)
    monkeypatch.setenv("SAMOVAR_THREADS", "7")
    assert threads() == 7


@pytest.mark.parametrize(("gib", "mib"), [(2, 128), (8, 512), (16, 1024), (256, 1024)])
def test_prompts_of_the_past_leave_a_small_machine_its_memory(gib: int, mib: int) -> None:
    assert prompts_kept(gib << 30) == mib


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_of_threads_is_told(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMOVAR_THREADS", wrong)
    with pytest.raises(SetupError, match="SAMOVAR_THREADS"):
        threads()


async def test_weights_that_are_not_there_are_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="samovar model pull"):
        async with embedded(tmp_path / "none.gguf", threads=1):
            pass


@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="needs xllamacpp")
async def test_a_file_that_is_no_model_is_told_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(SetupError, match="did not start") as caught:
        async with embedded(path, threads=1):
            pass
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="needs xllamacpp")
async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} cannot be used"):
            async with embedded(tmp_path / "x.gguf", threads=1, port=port):
                pass


@pytest.mark.model
@ready
async def test_the_embedded_model_answers_and_is_gone_afterwards() -> None:
    path = weights.place(SHIPPED)
    async with embedded(path, threads=1, context=2048) as endpoint:
        assert (await known(endpoint)).context == 2048
        model = OpenAI(endpoint, Profile(context=2048))
        asked = (Message("user", "Answer with the one word hello."),)
        reply = await model.reply(Request(messages=asked, limit=8))
        stranger = OpenAI(Endpoint(url=endpoint.url, model=endpoint.model))
        with pytest.raises(Rejected, match="HTTP 401"):
            await stranger.reply(Request(messages=asked, limit=8))
    assert "hello" in reply.text.lower()
    assert reply.usage.prompt > 10
    assert not await _listens(endpoint.url)


@pytest.mark.model
@ready
async def test_the_server_dies_with_a_parent_that_was_killed() -> None:
    arguments = (sys.executable, "-c", HOLDER, str(weights.place(SHIPPED)))
    parent = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    assert await _listens(url)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(5):
        while await _listens(url):
            await asyncio.sleep(0.05)


async def _listens(url: str) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2][:-3]))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
