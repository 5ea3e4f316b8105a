import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from samovar.core.errors import ModelError, Unreachable
from samovar.core.message import Message, Request
from samovar.models import weights
from samovar.models.choices import choose
from samovar.models.embedded import embedded
from samovar.models.endpoint import Endpoint
from samovar.models.openai import OpenAI
from samovar.models.outlines import Outlined
from samovar.models.profile import Profile
from samovar.models.scripted import Scripted

SHIPPED = weights.CATALOGUE[0]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        message = {"role": "assistant", "content": self.server.answer}
        rows = [{"index": 0, "finish_reason": "stop", "message": message}]
        body = json.dumps({"id": "x", "object": "chat.completion", "choices": rows}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.answer, server.status = [], '"spam"', 200
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def over(server, inner) -> Outlined:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return Outlined(inner, Endpoint(url=url, model="qwen"))


async def test_a_choice_is_constrained_by_the_server(served):
    pytest.importorskip("outlines")
    ask = [Message("system", "s"), Message("user", "spam or ham?")]
    assert await choose(over(served, Scripted([])), ask, ["spam", "ham"]) == "spam"
    (asked,) = served.asked
    assert asked["model"] == "qwen"
    form = asked["response_format"]["json_schema"]["schema"]
    assert form == {"type": "string", "enum": ["spam", "ham"]}
    assert [m["role"] for m in asked["messages"]] == ["system", "user"]
    assert asked["max_tokens"] == 20


async def test_what_needs_no_form_goes_to_the_model_itself(served):
    request = Request(messages=(Message("user", "x"),), limit=5)
    assert (await over(served, Scripted(["plain"])).reply(request)).text == "plain"
    assert served.asked == []


async def test_a_server_that_fails_is_named(served):
    pytest.importorskip("outlines")
    served.status = 500
    with pytest.raises(ModelError, match="gave no answer to outlines"):
        await choose(over(served, Scripted([])), [Message("user", "x")], ["a", "b"])


async def test_this_machine_is_asked_directly_and_others_by_the_one_rule_of_proxies(
    served, monkeypatch, closed_port
):
    pytest.importorskip("outlines")
    ask = [Message("user", "spam or ham?")]
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    assert await choose(over(served, Scripted([])), ask, ["spam", "ham"]) == "spam"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    away = Outlined(Scripted([]), Endpoint(url="http://gpu-box.example/v1", model="qwen"))
    with pytest.raises(Unreachable, match="only HTTP proxies"):
        await choose(away, ask, ["spam", "ham"])
    assert len(served.asked) == 1


@pytest.mark.model
async def test_the_embedded_model_answers_in_the_form_of_outlines():
    pytest.importorskip("outlines")
    pytest.importorskip("xllamacpp", reason="needs pip install 'samovar[local]'")
    if not weights.here(SHIPPED):
        pytest.skip(f"needs {SHIPPED.name}: run 'samovar model pull'")
    ask = [Message("user", "Is a rose a plant or an animal? Answer at length.")]
    async with embedded(weights.place(SHIPPED), threads=1, context=512) as endpoint:
        model = Outlined(OpenAI(endpoint, Profile(context=512)), endpoint)
        assert await choose(model, ask, ["plant", "animal"]) in ("plant", "animal")
