"""Which dialect fits is found out by trying."""

import json

from samovar.models.dialects.measure import best

RIGHT = {
    "setup.cfg": '<tool name="read_file">{"path": "setup.cfg"}</tool>',
    "pytest": '<tool name="shell">{"command": "pytest"}</tool>',
    "notes.txt": '<tool name="write_file">{"path": "notes.txt", "content": "buy milk"}</tool>',
    "git": '<tool name="shell">{"command": "git status"}</tool>',
    "capital": "Paris.",
}


async def test_the_dialect_that_is_answered_best_wins(serve):
    async def behave(heard) -> None:
        text = heard.fields["messages"][0]["content"]
        offer, _, asked = text.rpartition("\n\n")
        good = next(answer for word, answer in RIGHT.items() if word in asked)
        await answer(heard, good if '<tool name="' in offer else "I cannot.")

    assert await best((await serve(behave)).endpoint(), schemas=True) == "xml"


async def test_a_model_that_calls_nothing_has_no_dialect(serve):
    async def behave(heard) -> None:
        await answer(heard, "I cannot.")

    fake = await serve(behave)
    assert await best(fake.endpoint(), schemas=False) is None
    assert not any("response_format" in heard.fields for heard in fake.asked)


async def answer(heard, text: str) -> None:
    body = {"choices": [{"message": {"content": text}}]}
    await heard.answer(200, json.dumps(body).encode())
