import json

import pytest

from samovar.core.errors import ModelError
from samovar.core.message import Sampling
from samovar.models.discover import named
from samovar.models.failures import Rejected
from samovar.models.openai import OpenAI
from samovar.models.profile import probe
from samovar.models.spare import unwelcome, without

ASKED = {
    "model": "m",
    "messages": [],
    "stream": True,
    "max_tokens": 9,
    "temperature": 0.2,
    "top_p": 0.9,
    "extra_body": {"top_k": 20},
}
DRAWN = Sampling(temperature=0.2, top_p=0.9, seed=1)


def thinking(fields: dict) -> dict | None:
    """Refuse what OpenAI's models that think before they answer refuse, in its words."""
    if "max_tokens" in fields:
        use = "is not supported with this model. Use 'max_completion_tokens' instead."
        said, name = f"Unsupported parameter: 'max_tokens' {use}", "max_tokens"
    elif "temperature" in fields:
        only = "Only the default (1) value is supported."
        said = f"Unsupported value: 'temperature' does not support 0.2 with this model. {only}"
        name = "temperature"
    elif "top_p" in fields:
        name = "top_p"
        said = "Unsupported parameter: 'top_p' is not supported with this model."
    else:
        return None
    return {"message": said, "type": "invalid_request_error", "param": name, "code": "x"}


def claude(fields: dict) -> dict | None:
    """Refuse what newer models at Anthropic's compatible address refuse, in its words."""
    if {"temperature", "top_p"} <= fields.keys():
        said = "`temperature` and `top_p` cannot both be specified for this model."
        return {"type": "invalid_request_error", "message": f"{said} Please use only one."}
    return None


def _error(refusal) -> bytes:
    return json.dumps({"error": refusal}).encode()


@pytest.fixture
def picky(serve):
    """Start a server that refuses fields; it counts its refusals."""

    async def start(judge, status=400):
        async def behaviour(heard):
            refusal = judge(heard.fields)
            if refusal is None:
                await heard.say("fine")
            else:
                await heard.answer(status, _error(refusal))

        return await serve(behaviour)

    return start


@pytest.mark.parametrize(
    ("judge", "tries", "left"),
    [
        (thinking, 4, {"model", "messages", "stream", "seed", "max_completion_tokens"}),
        (claude, 2, {"model", "messages", "stream", "seed", "max_tokens", "temperature"}),
    ],
)
async def test_what_a_server_refuses_is_left_out_once_and_for_all(
    picky, fast, ask, judge, tries, left
):
    fake, said = await picky(judge), []
    model = OpenAI(fake.endpoint(), fast, lambda kind, text: said.append((kind, text)))
    assert (await model.reply(ask(limit=77, sampling=DRAWN))).text == "fine"
    assert len(fake.asked) == tries
    sent = fake.asked[-1].fields
    assert sent.keys() == left | {"stream_options"}
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == 77
    notes = [text for kind, text in said if kind == "note"]
    assert len(notes) == tries - 1
    assert all("takes no" in text and "asking without it" in text for text in notes)
    await model.reply(ask(sampling=DRAWN))
    assert len(fake.asked) == tries + 1
    assert fake.asked[-1].fields.keys() == sent.keys()


async def test_a_list_of_fields_that_are_not_permitted_is_understood(serve, fast, ask):
    async def strict(heard):
        if "seed" not in heard.fields:
            return await heard.say("fine")
        told = {"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}
        return await heard.answer(422, json.dumps({"detail": [told]}).encode())

    model = OpenAI((await serve(strict)).endpoint(), fast)
    assert (await model.reply(ask(sampling=DRAWN))).text == "fine"


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, {"message": "'messages' must not be empty", "param": "messages"}),
        (400, {"message": "the request exceeds the available context size"}),
        (400, {"message": "Unsupported parameter: 'logit_bias'", "param": "logit_bias"}),
        (401, {"message": "wrong key for 'temperature'", "param": "temperature"}),
    ],
)
async def test_any_other_refusal_ends_the_call_at_once(picky, fast, ask, status, refusal):
    fake = await picky(lambda fields: refusal, status)
    with pytest.raises(Rejected, match=f"HTTP {status}"):
        await OpenAI(fake.endpoint(), fast).reply(ask(sampling=DRAWN))
    assert len(fake.asked) == 1


async def test_a_server_that_refuses_everything_is_given_up(picky, fast, ask):
    def everything(fields):
        return {"message": " ".join(f"'{name}'" for name in fields)}

    fake = await picky(everything)
    with pytest.raises(Rejected, match="HTTP 400"):
        await OpenAI(fake.endpoint(kind="vllm"), fast).reply(ask(sampling=DRAWN))
    assert len(fake.asked) <= 10
    assert "max_completion_tokens" in fake.asked[-1].fields


ECHO = {"type": "value_error", "loc": ["body"], "msg": "no room", "input": {**ASKED, "seed": 1}}


@pytest.mark.parametrize(
    "told",
    [
        {"detail": [ECHO]},
        {"message": {"detail": [ECHO]}, "param": None},
        {"message": f"[{ECHO}]"},
        {"message": f"1 validation error:\n  {ECHO}"},
        f"bad request: {ECHO}",
        {"message": "no room", "input": "why does args['top_p'] fail"},
    ],
)
async def test_a_request_that_is_sent_back_names_nothing(picky, fast, ask, told):
    assert unwelcome(ASKED, told) is None
    fake = await picky(lambda fields: told)
    with pytest.raises(Rejected, match="HTTP 400"):
        await OpenAI(fake.endpoint(), fast).reply(ask(sampling=DRAWN))
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"detail": [ECHO, {"loc": ["body", "top_p"], "input": 0.9}]},
        {"detail": "no 'top_p' here"},
        {"message": {"detail": [{"loc": ["body", "top_p"], "input": 0.9}, {"loc": 3}, 4]}},
        {"message": "seed", "param": "top_p"},
        "no `top_p` here: {'temperature': 1}",
    ],
)
def test_a_field_is_named_where_servers_name_it(told):
    assert unwelcome(ASKED, told) == "top_p"


async def test_a_refusal_that_meant_something_else_teaches_nothing(serve, fast, ask):
    """A server that is out of room for one prompt quotes that prompt."""

    async def full(heard):
        if "args" not in heard.fields["messages"][0]["content"]:
            return await heard.say("fine")
        told = {"message": "no room for: why does args['seed'] fail"}
        return await heard.answer(400, json.dumps({"error": told}).encode())

    fake = await serve(full)
    model = OpenAI(fake.endpoint(), fast)
    with pytest.raises(Rejected, match="HTTP 400"):
        await model.reply(ask("why does args['seed'] fail", sampling=DRAWN))
    assert "seed" not in fake.asked[-1].fields
    await model.reply(ask(sampling=DRAWN))
    assert fake.asked[-1].fields["seed"] == 1


async def test_a_probe_leaves_out_what_a_call_leaves_out(serve):
    async def thinks(heard):
        refusal = heard.fields and thinking(heard.fields)
        said = {"choices": [{"message": {"content": "well"}}]}
        await heard.answer(
            *((400, _error(refusal)) if refusal else (200, json.dumps(said).encode()))
        )

    fake = await serve(thinks)
    found = await probe(fake.endpoint(context=128_000), seconds=1)
    assert found.measured_at is not None and found.generate > 0
    refused = [heard for heard in fake.asked if heard.body and thinking(heard.fields)]
    assert len(refused) == 2, "they are learned once for the whole probe"


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, r"HTTP 401 \(no such key\); set its key"), (404, "HTTP 404"), (503, "busy")],
)
async def test_a_probe_says_what_the_server_said(picky, status, said):
    fake = await picky(lambda fields: {"message": "no such key"}, status)
    with pytest.raises(ModelError, match=said):
        await probe(fake.endpoint())
    assert len(fake.asked) == 1


def test_of_several_named_fields_the_last_goes():
    assert unwelcome(ASKED, {"message": "`temperature` and `top_p`"}) == "top_p"
    assert unwelcome(ASKED, {"message": "'top_k' is unknown"}) == "top_k"
    assert unwelcome(ASKED, "temperature without quotes may be weather") is None
    assert unwelcome(ASKED, None) is None


def test_without_nothing_a_request_stays_as_it_is():
    assert without(ASKED, set()) == ASKED
    assert "extra_body" not in without(ASKED, {"top_k"})


@pytest.mark.parametrize("status", [401, 403, 404, 405])
async def test_a_server_that_lists_no_models_has_the_one_that_was_named(serve, status):
    async def closed(heard):
        await heard.answer(status, b'{"error": {"message": "x-api-key header is required"}}')

    fake = await serve(closed)
    at = fake.endpoint(model="claude", key="k")
    assert [(e.model, e.kind, e.listed) for e in await named(at)] == [("claude", "other", False)]
    assert [heard.path for heard in fake.asked] == ["/v1/models"], "once"
    keyless = await named(fake.endpoint(model="claude"))
    assert [e.model for e in keyless] == (["claude"] if status in (404, 405) else [])
    assert await named(fake.endpoint(model="", key="k")) == []


async def test_a_port_does_not_tell_what_a_server_without_a_list_is(serve, monkeypatch):
    async def nothing(heard):
        await heard.answer(404, b"<html>")

    fake = await serve(nothing)
    monkeypatch.setattr("samovar.models.discover._PORTS", ((fake.port, "vllm"),))
    assert [e.kind for e in await named(fake.endpoint())] == ["other"]


async def test_a_server_that_is_broken_or_away_has_no_model(serve, closed_port):
    async def broken(heard):
        await heard.answer(500, b"<html>")

    assert await named((await serve(broken)).endpoint(model="claude")) == []
    away = (await serve(broken)).endpoint(url=f"http://127.0.0.1:{closed_port}/v1", model="m")
    assert await named(away) == []
