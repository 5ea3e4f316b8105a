"""The embedded server keeps a prompt's beginning, so that a team does not read it twice."""

import pytest

from samovar.core.message import Message, Request
from samovar.models import weights
from samovar.models.embedded import embedded
from samovar.models.openai import OpenAI
from samovar.models.profile import Profile

SHIPPED = weights.CATALOGUE[0]


@pytest.mark.model
async def test_a_second_request_with_the_same_beginning_is_served_from_the_cache():
    pytest.importorskip("xllamacpp", reason="needs pip install 'samovar[local]'")
    if not weights.here(SHIPPED):
        pytest.skip(f"needs {SHIPPED.name}: run 'samovar model pull'")
    rules = Message("system", "You are a careful programmer. " * 6)
    async with embedded(weights.place(SHIPPED), threads=1, context=512) as endpoint:
        model = OpenAI(endpoint, Profile(context=512))
        used = [
            (await model.reply(Request(messages=(rules, Message("user", text)), limit=2))).usage
            for text in ("Write is_even(n).", "Name three colours.")
        ]
    assert used[0].cached == 0
    assert 20 < used[1].cached < used[1].prompt
