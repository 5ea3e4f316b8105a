"""One rule for all: which proxy stands before a server."""

import json
from pathlib import Path

import pytest

from samovar.core.errors import Unreachable
from samovar.models.discover import named
from samovar.models.download import download
from samovar.models.endpoint import Endpoint
from samovar.models.openai import OpenAI
from samovar.models.proxy import by, proxy
from samovar.models.serve.keeper import Fixed
from samovar.models.serve.upstream import Upstream

AWAY = Endpoint(url="http://gpu-box.example:8000/v1", model="fake")
SOCKS = "socks5://ada:secret@127.0.0.1:1080"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://gpu-box:8000/v1", "http://p:1"),
        ("https://gpu-box:8000/v1", "http://q:2"),
        ("http://localhost:8000/v1", ""),
        ("http://127.3.2.1/v1", ""),
        ("https://[::1]:8000/v1", ""),
        ("http://lan.box:8000/v1", ""),
        ("http://127.evil.example/v1", "http://p:1"),
    ],
)
def test_this_machine_is_asked_directly_and_others_as_the_variables_say(monkeypatch, url, place):
    monkeypatch.setenv("http_proxy", "p:1")
    monkeypatch.setenv("ALL_PROXY", "http://q:2")
    monkeypatch.setenv("NO_PROXY", "lan.box,else")
    assert proxy(url) == place


async def test_everybody_who_asks_takes_the_proxy(serve, fast, ask, monkeypatch, tmp_path: Path):
    async def far(heard) -> None:
        if heard.path.endswith("/models"):
            await heard.answer(200, b'{"data": [{"id": "fake", "owned_by": "vllm"}]}')
        elif heard.path.endswith("/file"):
            await heard.answer(200, b"weights")
        elif heard.path.endswith("/embeddings"):
            await heard.answer(200, json.dumps({"data": []}).encode())
        else:
            await heard.say("hello")

    fake = await serve(far)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{fake.port}")
    assert [e.model for e in await named(AWAY)] == ["fake"]
    assert (await OpenAI(AWAY, fast).reply(ask())).text == "hello"
    assert await Upstream(Fixed(AWAY)).embed({"input": "x"}) == {"data": []}
    await download("http://gpu-box.example/file", tmp_path / "f", 7, lambda _have, _all: None)
    assert (tmp_path / "f").read_bytes() == b"weights"
    asked = {"v1/models", "v1/chat/completions", "v1/embeddings"}
    whole = {f"{AWAY.url.removesuffix('v1')}{path}" for path in asked}
    assert {heard.path for heard in fake.asked} == whole | {"http://gpu-box.example/file"}


async def test_a_socks_proxy_is_one_line_that_names_its_variable(monkeypatch, fast, ask, tmp_path):
    monkeypatch.setenv("all_proxy", SOCKS)
    said = r"through all_proxy=socks5://127\.0\.0\.1:1080 \(only HTTP proxies"
    with pytest.raises(Unreachable, match=said):
        await OpenAI(AWAY, fast).reply(ask())
    with pytest.raises(Unreachable, match=said):
        await download("https://weights.example/f", tmp_path / "f", 7, lambda _have, _all: None)
    assert await named(AWAY) == []
    assert "secret" not in by(AWAY.url)
    assert by("http://127.0.0.1:8000/v1") == ""
