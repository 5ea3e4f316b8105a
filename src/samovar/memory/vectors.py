"""Embeddings: who makes them, how they are stored, and which lie nearest."""

from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

STRANGERS = Path(__file__).with_name("strangers.txt").read_text().splitlines()
"""A fact and a question in turn, of which no two are about the same thing."""
_CHANCE = 0.9
"""Share of the pairs of strangers that lie less near than what fits; measured, see decision 10."""
_NEAR = 0.9
"""Cosine that is always near enough; for models whose every two vectors point the same way."""


class Embedder(Protocol):
    """Turns texts into vectors whose angle tells how near their meanings are."""

    @property
    def name(self) -> str:
        """Which model it is; vectors of different models are never compared."""
        ...

    async def embed(self, texts: Sequence[str], /) -> Sequence[Sequence[float]]:
        """Return one vector for each text. Raises ModelError when it cannot."""
        ...


def possible() -> bool:
    """Whether vectors can be compared here: numpy is the extra `vectors`."""
    return find_spec("numpy") is not None


def pack(vector: Sequence[float]) -> bytes:
    """Return a vector of length one as 16-bit floats."""
    np = _numpy()
    plain = np.nan_to_num(np.asarray(vector, dtype=np.float32))
    return bytes((plain / max(float(np.linalg.norm(plain)), 1e-9)).astype("<f2").tobytes())


def chance(strangers: Sequence[bytes]) -> float:
    """Return how near a note must lie to a question to fit it, by the packed vectors of STRANGERS.

    What is near differs from model to model, so the measure is what this one makes of facts and
    questions that have nothing in common: one such pair in ten lies nearer.
    """
    np = _numpy()
    rows = np.stack([np.frombuffer(v, dtype="<f2") for v in strangers]).astype(np.float32)
    return min(float(np.quantile(rows[0::2] @ rows[1::2].T, _CHANCE)), _NEAR)


class Nearest:
    """All vectors of one model, ready to be searched."""

    def __init__(self, rows: Sequence[tuple[str, bytes]]) -> None:
        np = _numpy()
        length = max((len(blob) for _, blob in rows), default=0)
        # A server may have changed its model under the same name: the longest vectors count.
        fit = [(id, blob) for id, blob in rows if len(blob) == length]
        self.ids = [id for id, _ in fit]
        data = np.frombuffer(b"".join(blob for _, blob in fit), dtype="<f2")
        self.matrix = data.astype(np.float32).reshape(len(fit), length // 2)

    def renewed(
        self, changed: Collection[str], rows: Sequence[tuple[str, bytes]]
    ) -> "Nearest | None":
        """Return these vectors with those of some notes as they are now.

        None where they have another length, or nothing is here to begin with.
        """
        length = 2 * self.matrix.shape[1]
        if not self.ids or any(len(blob) != length for _, blob in rows):
            return None
        stay = [n for n, id in enumerate(self.ids) if id not in changed]
        made = Nearest(rows)
        made.ids = [*(self.ids[n] for n in stay), *made.ids]
        made.matrix = _numpy().concatenate(
            [self.matrix[stay], made.matrix.reshape(-1, length // 2)]
        )
        return made

    def top(self, vector: bytes, limit: int, floor: float) -> list[str]:
        """Return the notes nearest to a packed vector, the best first, and none below the floor."""
        np = _numpy()
        one = np.frombuffer(vector, dtype="<f2").astype(np.float32)
        if not self.ids or one.shape[0] != self.matrix.shape[1]:
            return []
        near = self.matrix @ one
        few = min(limit, len(self.ids))
        best = np.argpartition(-near, few - 1)[:few]
        return [self.ids[n] for n in best[np.argsort(-near[best])] if near[n] >= floor]


def _numpy() -> Any:
    import numpy  # an optional extra; only who has an embedder needs it

    return numpy
