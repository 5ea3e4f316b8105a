import json

import pytest

from samovar.core.errors import ModelError
from samovar.models.embed import Embeddings


def rows(texts: list[str]) -> list[dict]:
    made = [{"index": n, "embedding": [3.0, 4.0 + len(t)]} for n, t in enumerate(texts)]
    return made[::-1]


async def test_each_text_gets_its_vector_of_length_one(serve):
    async def behave(heard) -> None:
        await heard.answer(200, json.dumps({"data": rows(heard.fields["input"])}).encode())

    fake = await serve(behave)
    embeddings = Embeddings(fake.endpoint(), longest=3)
    found = await embeddings.embed(["", *["x"] * 39, "longer"])
    assert len(found) == 41
    assert found[-1] == pytest.approx([3 / 58**0.5, 7 / 58**0.5])
    assert [len(heard.fields["input"]) for heard in fake.asked] == [32, 9]
    assert fake.asked[0].fields["input"][0] == " "
    assert embeddings.name == "fake"
    assert await embeddings.embed([]) == []


@pytest.mark.parametrize(
    "data",
    [
        {"error": "x"},
        {"data": []},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": [None]}]},
        {"data": [{"embedding": []}]},
        {"data": [3]},
    ],
)
async def test_a_server_without_embeddings_is_told_with_the_fix(serve, data):
    async def behave(heard) -> None:
        await heard.answer(200, json.dumps(data).encode())

    with pytest.raises(ModelError, match="/v1/embeddings"):
        await Embeddings((await serve(behave)).endpoint()).embed(["x"])
