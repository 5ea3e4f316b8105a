"""Recall with the embedding model that is shipped, asked in other words than the notes'."""

import statistics
import time
from pathlib import Path

import pytest

from samovar.memory.recall import Memory
from samovar.models import minilm

from . import measure_recall

pytestmark = pytest.mark.model


@pytest.fixture
async def found(tmp_path: Path) -> dict[str, Memory]:
    if not minilm.here():
        pytest.skip("no weights here: samovar memory pull")
    notes = [note for note, _ in measure_recall.paraphrases()]
    return await measure_recall.filled("paraphrases", tmp_path, notes)


async def test_nine_of_ten_questions_find_their_note_among_five_and_words_alone_one(found):
    pairs = measure_recall.paraphrases()
    shares, seconds = {}, []
    for name, memory in found.items():
        right = 0
        for number, (_, question) in enumerate(pairs):
            began = time.monotonic()
            right += f"n{number}" in [note.id for note in await memory.search(question, 5)]
            seconds.append(time.monotonic() - began)
        shares[name] = right / len(pairs)
        memory.close()
    assert shares["together"] >= 0.9 and shares["full text alone"] <= 0.2, shares
    assert statistics.median(seconds) < 0.05
