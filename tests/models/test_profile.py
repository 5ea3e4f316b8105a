"""The doctor, against a server that is as good or as bad as told."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from samovar.core.errors import Unreachable
from samovar.models import discover as discovery
from samovar.models.discover import discover, embeds, named
from samovar.models.endpoint import Endpoint, Kind
from samovar.models.profile import Profile, known, load, place, probe, save

DIGEST = "ab" * 32


@dataclass
class Server:
    """A server that silently keeps the last `window` words of a prompt, as some do."""

    window: int = 10_000
    claims: int = 0
    obeys: bool = True
    calls: str = "native"
    recalls: bool = True
    counts: bool = True
    thinks: int = 0
    """Tokens of thoughts before it says anything, where it is not told to leave them out."""
    refuses: bool = False
    """Whether a prompt that is too long is an error."""
    slots: int = 8
    """Counts it writes at once; a further one waits."""
    pause: float = 0.0
    """Seconds it takes to write a count."""
    version: str = ""
    owner: str = "library"
    kind: Kind = "other"
    names: tuple[str, ...] = ("qwen2.5-coder:7b",)
    url: str = ""
    sizes: list[int] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(url=self.url, model="qwen2.5-coder:7b", kind=self.kind)

    def answer(self, path: str, body: Any) -> Any:
        match path:
            case "/v1/chat/completions":
                return self.chat(body)
            case "/v1/models":
                more = {"max_model_len": self.claims} if self.claims else {}
                return {"data": [{"id": n, "owned_by": self.owner} | more for n in self.names]}
            case "/api/ps":
                return {"models": [{"name": "qwen2.5-coder:7b", "context_length": self.claims}]}
            case "/api/show":
                return {"modelfile": f"# x\nFROM /root/blobs/sha256-{DIGEST}\n"}
            case "/api/version":
                return {"version": self.version} if self.version else None
            case "/props":
                return {"default_generation_settings": {"n_ctx": self.claims}}
        return None

    def chat(self, body: Any) -> Any:
        words = body["messages"][0]["content"].split()
        self.sizes.append(len(words))
        self.limits.append(body["max_tokens"])
        if self.refuses and len(words) > self.window:
            return None
        seen = words[-self.window :]
        told = body.get("chat_template_kwargs") or body.get("reasoning_effort")
        if body["max_tokens"] <= self.thinks and not told:
            thought = {"content": None, "reasoning_content": "The user wants"}
            usage = {"prompt_tokens": len(seen), "completion_tokens": body["max_tokens"]}
            return {"choices": [{"message": thought, "finish_reason": "length"}], "usage": usage}
        message: dict[str, Any] = {"content": "well"}
        if "tools" in body and self.calls == "native":
            message = {"tool_calls": [{"function": {"name": "read_file", "arguments": "{}"}}]}
        elif "tools" in body and self.calls == "text":
            message = {"content": '{"name": "read_file", "arguments": {"path": "setup.cfg"}}'}
        elif "response_format" in body:
            enum = body["response_format"]["json_schema"]["schema"]["enum"]
            message = {"content": json.dumps(enum[0]) if self.obeys else "banana"}
        elif seen[:4] == ["The", "code", "word", "is"] and self.recalls:
            message = {"content": seen[4]}
        usage = {"prompt_tokens": len(seen), "completion_tokens": body["max_tokens"]}
        return {"choices": [{"message": message}]} | ({"usage": usage} if self.counts else {})


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    room = asyncio.Semaphore(server.slots)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        top = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = re.search(r"content-length: (\d+)", top.lower())
        body = await reader.readexactly(int(size[1]) if size else 0)
        if b"Count from" in body:
            async with room:
                await asyncio.sleep(server.pause)
        said = server.answer(top.split(" ")[1], json.loads(body) if body else None)
        status = "500 no" if said is None else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{json.dumps(said)}".encode())
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        yield server


async def test_a_good_server_is_found_good() -> None:
    async with running(Server(claims=8000, kind="vllm")) as server:
        profile = await probe(server.endpoint, seconds=5)
    assert profile.context == 8000
    assert profile.json_schema
    assert profile.tools == "native"
    assert profile.family == "qwen2.5-coder"
    assert profile.prefill > 0 and profile.generate > 0
    assert profile.measured_at is not None


@pytest.mark.parametrize("slots", [1, 2, 4])
async def test_as_many_requests_at_once_are_found_to_pay_as_the_server_writes_at_once(
    slots: int,
) -> None:
    async with running(Server(claims=8000, kind="vllm", slots=slots, pause=0.6)) as server:
        profile = await probe(server.endpoint, seconds=0.0)
    assert profile.parallel == slots


@pytest.mark.parametrize("recalls", [True, False], ids=["recalls", "counts only"])
@pytest.mark.parametrize("window", [2048, 4096, 6000])
async def test_a_silently_cut_context_is_found_whatever_is_claimed(
    window: int, recalls: bool
) -> None:
    cutting = Server(window=window, claims=32_768, kind="ollama", recalls=recalls)
    async with running(cutting) as server:
        profile = await probe(server.endpoint, seconds=10)
    assert window - 600 <= profile.context <= window


async def test_a_refused_prompt_bounds_the_context_too() -> None:
    async with running(Server(window=3000, refuses=True, counts=False)) as server:
        profile = await probe(server.endpoint, seconds=10)
    assert 2400 <= profile.context <= 3000


@pytest.mark.parametrize(("claims", "context"), [(0, 128_000), (9000, 9000)])
async def test_no_long_prompt_is_paid_for_where_a_person_says_the_context(
    claims: int, context: int
) -> None:
    async with running(Server(claims=claims, owner="openai", kind="other")) as server:
        profile = await probe(replace(server.endpoint, context=128_000), seconds=5)
        assert max(server.sizes) < 1000
    assert profile.context == context


async def test_what_a_person_says_holds_whatever_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    async with running(Server(claims=0, owner="openai")) as server:
        save(server.endpoint, Profile(context=65_536, tools="text", measured_at=datetime.now(UTC)))
        said = await known(replace(server.endpoint, context=128_000))
        assert (said.context, said.tools) == (128_000, "text")
        server.claims = 32_768
        assert (await known(replace(server.endpoint, context=128_000))).context == 32_768


async def test_llama_cpp_is_believed_when_looking_would_take_long() -> None:
    async with running(Server(claims=16_384, kind="llama.cpp")) as server:
        profile = await probe(server.endpoint, seconds=0.0)
        assert max(server.sizes) < 1000
    assert profile.context == 16_384


async def test_a_schema_that_is_ignored_is_noticed() -> None:
    async with running(Server(obeys=False)) as server:
        assert not (await probe(server.endpoint, seconds=1)).json_schema


@pytest.mark.parametrize(
    ("kind", "most"), [("vllm", 64), ("llama.cpp", 64), ("ollama", 64), ("other", 1064)]
)
async def test_thoughts_hide_nothing_that_a_model_can_do(kind: Kind, most: int) -> None:
    """Where they can be left out they are; else there is room for them, once they showed."""
    async with running(Server(thinks=500, kind=kind)) as server:
        profile = await probe(replace(server.endpoint, context=4096))
    assert (profile.json_schema, profile.tools) == (True, "native")
    assert max(server.limits) == most


async def test_a_model_that_never_ends_its_thoughts_is_asked_twice_and_no_more() -> None:
    async with running(Server(thinks=10**9)) as server:
        profile = await probe(replace(server.endpoint, context=4096))
    assert (profile.json_schema, profile.tools) == (False, "none")
    assert [limit for limit in server.limits if limit > 64] == [1016, 1064]


@pytest.mark.parametrize("calls", ["native", "text", "none"])
async def test_the_way_tools_are_called_is_found(calls: str) -> None:
    async with running(Server(calls=calls)) as server:
        assert (await probe(server.endpoint, seconds=1)).tools == calls


async def test_ollama_tells_the_digest_of_the_weights() -> None:
    async with running(Server(kind="ollama")) as server:
        assert (await probe(server.endpoint, seconds=1)).digest == DIGEST
        assert (await known(server.endpoint)).digest == DIGEST, "without being measured, too"


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1/v1 does not answer"):
        await probe(Endpoint(url="http://127.0.0.1:1/v1", model="m"), seconds=1)


async def test_a_guess_takes_the_claim_or_the_cautious_default() -> None:
    async with running(Server(claims=8192, kind="llama.cpp")) as server:
        assert (await known(server.endpoint)).context == 8192
        server.claims = 0
        guess = await known(server.endpoint)
    assert guess.context == 4096
    assert guess.measured_at is None


async def test_what_was_measured_holds_as_far_as_the_server_says_so_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    measured = Profile(context=16_384, tools="text", digest=DIGEST, measured_at=datetime.now(UTC))
    async with running(Server(kind="ollama")) as server:
        save(server.endpoint, measured)
        assert await known(server.endpoint) == measured, "a model that is not loaded claims nothing"
        server.claims = 4096
        assert await known(server.endpoint) == replace(measured, context=4096)
        server.claims = 32_768
        assert await known(server.endpoint) == measured, "more than was measured is not believed"
        save(server.endpoint, replace(measured, digest="cd" * 32))
        pulled = await known(server.endpoint)
    assert (pulled.digest, pulled.measured_at, pulled.context) == (DIGEST, None, 32_768)


def test_a_profile_is_kept_for_each_server_and_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = Endpoint(url="http://127.0.0.1:1/v1", model="org/Some Model:7b")
    two = Endpoint(url="http://127.0.0.1:2/v1", model="org/Some Model:7b")
    assert load(one) is None
    profile = Profile(context=12_345, tools="text", parallel=4)
    save(one, profile)
    assert load(one) == profile
    assert load(two) is None
    save(one, profile, "embedded")
    assert load(two, "embedded") == profile
    place(one).write_text("{half")
    assert load(one) is None
    assert sorted(p.suffix for p in place(one).parent.iterdir()) == [".json", ".json"]


async def test_servers_on_known_ports_are_found_and_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(Server()) as first, running(Server(owner="llamacpp")) as second:
        ports = [int(server.url.split(":")[2][:-3]) for server in (first, second)]
        known = ((ports[0], "ollama"), (ports[1], "vllm"), (1, "lmstudio"))
        monkeypatch.setattr(discovery, "_PORTS", known)
        found = await discover()
    assert [(e.url, e.model, e.kind) for e in found] == [
        (first.url, "qwen2.5-coder:7b", "ollama"),
        (second.url, "qwen2.5-coder:7b", "llama.cpp"),
    ]


async def test_what_is_configured_comes_first_and_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(Server()) as server:
        port = int(server.url.split(":")[2][:-3])
        monkeypatch.setattr(discovery, "_PORTS", ((port, "ollama"),))
        mine = Endpoint(url=server.url, model="mine")
        assert await discover([mine]) == [mine]
        assert [(e.model, e.kind) for e in await named(mine)] == [("qwen2.5-coder:7b", "ollama")]


async def test_an_address_means_the_same_to_the_doctor_and_to_a_run() -> None:
    async with running(Server()) as server:
        bare = Endpoint(url=server.url.removesuffix("/v1") + "/", model="")
        assert bare.url == server.url
        assert [e.kind for e in await named(bare)] == ["ollama"], "by what its models say"
    other = Endpoint(url="http://gpu-box:8000/v3/", model="m")
    assert (other.url, other.root) == ("http://gpu-box:8000/v3", "http://gpu-box:8000/v3")


@pytest.mark.parametrize(("version", "kind"), [("0.12.3", "ollama"), ("", "other")])
async def test_an_ollama_elsewhere_is_asked_for_its_version(version: str, kind: Kind) -> None:
    """Models of hf.co, or made by a person, are owned by others than its library."""
    async with running(Server(owner="hf.co/bartowski", version=version)) as server:
        assert [e.kind for e in await named(Endpoint(url=server.url, model=""))] == [kind]


async def test_models_for_code_come_first_and_those_for_embeddings_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Server(names=("bge-m3", "all-minilm:latest", "llama3.1:8b"))
    second = Server(names=("Qwen/Qwen3-8B", "Qwen/Qwen2.5-Coder-7B-Instruct", "intfloat/e5-base"))
    async with running(first), running(second):
        ports = [int(server.url.split(":")[2][:-3]) for server in (first, second)]
        monkeypatch.setattr(discovery, "_PORTS", ((ports[0], "ollama"), (ports[1], "vllm")))
        found = [e.model for e in await discover()]
        alone = [e.model for e in await named(Endpoint(url=first.url, model=""))]
    assert found == [
        *("Qwen/Qwen2.5-Coder-7B-Instruct", "llama3.1:8b", "Qwen/Qwen3-8B"),
        *("all-minilm:latest", "bge-m3", "intfloat/e5-base"),
    ]
    assert alone == ["llama3.1:8b", "all-minilm:latest", "bge-m3"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        *(("nomic-embed-text", True), ("mxbai-embed-large:latest", True), ("bge-m3:567m", True)),
        *(("thenlper/gte-large", True), ("/models/all-MiniLM-L6-v2.Q8_0.gguf", True)),
        *(("qwen2.5-coder:7b", False), ("gemma3:e5b", False), ("codegte2:3b", False)),
    ],
)
def test_models_for_embeddings_are_known_by_their_names(model: str, said: bool) -> None:
    assert embeds(model) is said


async def test_a_port_that_never_answers_costs_half_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setattr(discovery, "_PORTS", ((port, "ollama"),))
        async with asyncio.timeout(5):
            assert await discover() == []


@pytest.mark.parametrize(
    ("listed", "said", "context"),
    [
        ({}, 0, 4096),
        ({}, 128_000, 128_000),
        ({"max_model_len": 8192}, 128_000, 8192),
        ({"context_length": 32_768}, 0, 32_768),
        ({"context_window": 131_072}, 0, 131_072),
        ({"max_context_length": "many"}, 16_000, 16_000),
    ],
)
async def test_a_context_is_what_the_server_says_else_what_a_person_says(
    serve, listed, said, context
):
    async def lists(heard):
        await heard.answer(200, json.dumps({"data": [{"id": "fake", **listed}]}).encode())

    at = (await serve(lists)).endpoint(context=said)
    assert (await known(at)).context == context
