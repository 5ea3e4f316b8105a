"""A model behind any server that speaks the OpenAI chat completions protocol."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from samovar.core.errors import ModelError, Unreachable, Unusable
from samovar.core.message import Reply, Request, Usage
from samovar.core.seams import Live
from samovar.models import repetition, size
from samovar.models.endpoint import Endpoint, Kind, unthought
from samovar.models.failures import TooLarge, refusal
from samovar.models.patience import Patience, patience
from samovar.models.profile import UNMEASURED, Profile
from samovar.models.proxy import by, way
from samovar.models.spare import Refusals
from samovar.models.stream import Chunk, Garbage, chunks

_CONNECT = 5.0
_CHECK = 64
"""Characters that come between two looks for a repetition."""
_WIDEST = 64
"""Characters of one token, at most."""
_MOST = 4096
"""Characters beyond the limit that are still heard."""
_HELP: dict[Kind, str] = {
    "llama.cpp": "start the server again, or run 'samovar doctor'",
    "ollama": "run 'ollama serve', or see 'samovar doctor'",
    "lmstudio": "start the server in LM Studio, or run 'samovar doctor'",
    "vllm": "start vLLM, or run 'samovar doctor'",
    "other": "start the server, or run 'samovar doctor'",
}


@dataclass
class _Heard:
    """An answer as far as it has come."""

    text: str = ""
    pieces: int = 0
    thought: bool = False
    called: bool = False
    finish: str = ""
    usage: Usage | None = None
    model: str = ""
    looked: int = field(default=0)

    def add(self, chunk: Chunk) -> str:
        """Take one event in and return its text."""
        self.usage = chunk.spent or self.usage
        self.model = chunk.model or self.model
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish = choice.finish_reason or self.finish
        delta = choice.delta or choice.message
        if delta is None:
            return ""
        thinking = bool(delta.reasoning_content or delta.reasoning)
        self.thought = self.thought or thinking
        self.called = self.called or bool(delta.tool_calls)
        self.pieces += bool(delta.content) or thinking
        self.text += delta.content or ""
        return delta.content or ""

    def overflows(self, limit: int) -> bool:
        """Say whether a server wrote far more than it was allowed to."""
        over = max(self.pieces, len(self.text)) > _MOST + _WIDEST * limit
        if over:
            self.finish = "length"
        return over

    def repeats(self) -> bool:
        """Cut a repetition off and say whether there was one."""
        if len(self.text) - self.looked < _CHECK:
            return False
        self.looked = len(self.text)
        place = repetition.cut(self.text)
        if place is not None:
            self.text = self.text[:place]
            self.finish = "repetition"
        return place is not None


@dataclass(frozen=True)
class OpenAI:
    """Asks a server, streaming. Tokens are the server's count, or one a piece where it has none."""

    endpoint: Endpoint
    profile: Profile = UNMEASURED
    live: Live | None = None
    """Called with ("token", text) while the answer comes."""
    slack: float = 60.0
    """Seconds granted to the server beyond what its measured speed explains."""
    refusals: Refusals = field(default_factory=Refusals, init=False, compare=False)

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer.

        Raises TooLarge before anything is sent when it would not fit; Unreachable, Busy, Rejected
        or ModelError, one line with the address, when no usable answer comes.
        """
        began = time.monotonic()
        prompt = await fit(self.endpoint, self.profile, request)
        wait = patience(self.profile, prompt, request.limit, self.slack)
        try:
            async with asyncio.timeout(wait.total):
                heard = await self._hear(request, wait)
        except TimeoutError as error:
            raise self._error(f"took longer than {wait.total:.0f} s") from error
        except Garbage as error:
            raise self._error(f"sent {error}") from error
        usage = heard.usage or Usage(prompt, 0, heard.pieces)
        seconds = time.monotonic() - began
        if fault := self._fault(heard, request, usage.generated):
            raise Unusable(self._told(fault), usage, seconds)
        return Reply(
            text=heard.text,
            usage=usage,
            finish=_finish(heard.finish),
            seconds=seconds,
            model=heard.model or self.endpoint.model,
        )

    async def _hear(self, request: Request, wait: Patience) -> _Heard:
        def listen(wanted: dict[str, Any]) -> Awaitable[_Heard]:
            return self._listen(wanted, request.limit, wait)

        asked = body(self.endpoint, self.profile, request)
        return await self.refusals.heed(asked, listen, self._left_out)

    def _left_out(self, name: str) -> None:
        if self.live is not None:
            where = f"{self.endpoint.model} at {self.endpoint.shown}"
            self.live("note", f"{where} takes no {name}; asking without it")

    async def _listen(self, wanted: dict[str, Any], limit: int, wait: Patience) -> _Heard:
        heard, pause = _Heard(), wait.first
        async with aclosing(self._bytes(wanted)) as data, aclosing(chunks(data)) as events:
            while True:
                chunk = await self._next(events, pause)
                if chunk is None:
                    return heard
                pause = wait.gap
                piece = heard.add(chunk)
                if piece and self.live is not None:
                    self.live("token", piece)
                if heard.overflows(limit) or (piece and heard.repeats()):
                    return heard

    async def _next(self, events: AsyncIterator[Chunk], pause: float) -> Chunk | None:
        try:
            async with asyncio.timeout(pause):
                return await anext(events, None)
        except TimeoutError as error:
            raise self._error(f"said nothing for {pause:.0f} s") from error

    async def _bytes(self, wanted: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        import httpx2
        import openai

        reached = client(self.endpoint, None)
        asked = reached.chat.completions.with_streaming_response
        try:
            async with reached, asked.create(**wanted) as answer:
                async for block in answer.iter_bytes():
                    yield block
        except openai.APIStatusError as error:
            after = error.response.headers.get("retry-after")
            raise refusal(self.endpoint, error.status_code, error.body, after) from error
        except (openai.APIConnectionError, httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Unreachable(
                f"no model answers at {self.endpoint.shown}{by(self.endpoint.url)}: "
                f"{_HELP[self.endpoint.kind]}"
            ) from error
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._error("broke the answer off") from error

    def _fault(self, heard: _Heard, request: Request, spent: int) -> str:
        """Return why an answer is of no use, or nothing. Raises ModelError for a part of one."""
        if not heard.finish and not heard.text:
            raise self._error("closed the connection without an answer")
        if not heard.text.strip():
            if heard.called:
                return "called a tool that nobody offered"
            if heard.thought:
                return f"gave an empty answer after {request.limit} tokens of thinking"
            copied = request.stop and spent > 1
            return "only began to copy what it was shown" if copied else "gave an empty answer"
        if not heard.finish:
            raise self._error("broke the answer off")
        asked = "".join(m.text for m in request.messages)
        if any(c in heard.text and c not in asked for c in ("\0", "\ufffd")):
            return "sent text with broken characters"
        return ""

    def _error(self, what: str) -> ModelError:
        return ModelError(self._told(what))

    def _told(self, what: str) -> str:
        where = f"{self.endpoint.model} at {self.endpoint.shown}"
        return f"{where} {what}; try again, or run 'samovar doctor'"


async def fit(endpoint: Endpoint, profile: Profile, request: Request) -> int:
    """Return the tokens of a prompt. Raises TooLarge when the server would cut it."""
    room = profile.context - request.limit
    tokens = size.estimate(request.messages)
    if tokens * 2 > room:
        # The estimate may be wrong either way; a server with a tokenizer knows.
        tokens = await size.exact(endpoint, request.messages) or tokens
    if tokens > room:
        raise TooLarge(
            f"{endpoint.model} at {endpoint.shown} holds {profile.context} "
            f"tokens: a prompt of {tokens} and an answer of {request.limit} do not fit; "
            "name fewer files, or start the server with a larger context"
        )
    return tokens


def client(endpoint: Endpoint, silence: float | None) -> Any:
    """Return an `openai.AsyncOpenAI` for a server, by the one rule of proxies; it tries once.

    `silence` is the seconds without a byte that end an answer; None where others watch it.
    Raises Unreachable for a proxy that nobody here speaks to.
    """
    # The library costs half a second to import.
    import httpx2
    import openai

    reached = httpx2.AsyncHTTPTransport(verify=_trusted(endpoint.url), proxy=way(endpoint.url))
    return openai.AsyncOpenAI(
        base_url=endpoint.url,
        api_key=endpoint.key or "none",
        max_retries=0,
        timeout=httpx2.Timeout(silence, connect=_CONNECT),
        http_client=openai.DefaultAsyncHttpxClient(transport=reached),
    )


def body(endpoint: Endpoint, profile: Profile, request: Request) -> dict[str, Any]:
    """Return the fields of a chat completions request; None stands for nothing."""
    sampling = request.sampling
    asked: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [
            {"role": m.role, "content": m.text.encode(errors="replace").decode()}
            for m in request.messages
        ],
        "max_tokens": request.limit,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "stop": list(request.stop) or None,
        "stream": True,
        "stream_options": {"include_usage": True},
        "extra_body": _extra(endpoint.kind, request) or None,
    }
    if request.schema is not None and profile.json_schema:
        asked["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    return {name: value for name, value in asked.items() if value is not None}


def _extra(kind: Kind, request: Request) -> dict[str, Any]:
    """Return what only this kind of server understands."""
    drawn = request.sampling
    match kind:
        case "llama.cpp":
            fields: dict[str, Any] = {
                "top_k": drawn.top_k,
                "repeat_penalty": drawn.repeat_penalty,
                "cache_prompt": True,
                "timings_per_token": True,
                "return_progress": True,
            }
        case "vllm":
            fields = {"top_k": drawn.top_k, "repetition_penalty": drawn.repeat_penalty}
        case "lmstudio" | "ollama":
            fields = {"top_k": drawn.top_k, "repeat_penalty": drawn.repeat_penalty}
        case "other":
            fields = {}
    return {name: value for name, value in fields.items() if value is not None} | unthought(kind)


def _finish(said: str) -> Literal["stop", "length", "repetition"]:
    if said == "repetition":
        return "repetition"
    return "length" if said == "length" else "stop"


def _trusted(url: str) -> bool | ssl.SSLContext:
    """Return whom to trust: nobody where no TLS is spoken, since loading the list takes 25 ms."""
    return url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
