"""Embeddings from any server that has OpenAI's `/v1/embeddings`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from samovar.core.errors import ModelError
from samovar.models.endpoint import Endpoint
from samovar.models.wire import ask

_BATCH = 32
_SECONDS = 120.0


@dataclass(frozen=True)
class Embeddings:
    """A model of a server that turns texts into vectors."""

    endpoint: Endpoint
    longest: int = 2000
    """Characters of a text that are sent: servers refuse what exceeds their batch of tokens."""

    @property
    def name(self) -> str:
        """Which model it is; vectors of different models are never compared."""
        return self.endpoint.model

    async def embed(self, texts: Sequence[str], /) -> Sequence[Sequence[float]]:
        """Return one vector of length 1 for each text.

        Raises ModelError, naming the server, when it cannot.
        """
        found: list[list[float]] = []
        for at in range(0, len(texts), _BATCH):
            found += await self._batch([t[: self.longest] or " " for t in texts[at : at + _BATCH]])
        if len({len(vector) for vector in found}) > 1:
            raise self._error("gave vectors of different lengths")
        return found

    async def _batch(self, texts: list[str]) -> list[list[float]]:
        url = f"{self.endpoint.url.rstrip('/')}/embeddings"
        body = {"model": self.endpoint.model, "input": texts, "encoding_format": "float"}
        answer = await ask(url, body, key=self.endpoint.key, seconds=_SECONDS)
        rows = answer.get("data")
        if not isinstance(rows, list) or len(rows) != len(texts):
            raise self._error("gives no embeddings")
        rows = sorted(rows, key=_index)
        return [self._unit(row.get("embedding") if isinstance(row, dict) else None) for row in rows]

    def _unit(self, vector: object) -> list[float]:
        if not isinstance(vector, list) or not vector:
            raise self._error("gave something that is no vector")
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in vector):
            raise self._error("gave something that is no vector")
        length = math.hypot(*vector) or 1.0
        return [x / length for x in vector]

    def _error(self, what: str) -> ModelError:
        where = f"{self.endpoint.model} at {self.endpoint.shown}"
        return ModelError(f"{where} {what}: name a server with /v1/embeddings for memory")


def _index(row: object) -> int:
    index = row.get("index") if isinstance(row, dict) else None
    return index if isinstance(index, int) else 0
