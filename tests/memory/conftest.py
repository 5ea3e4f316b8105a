import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from samovar.core.errors import Unreachable
from samovar.memory.notes import Notes
from samovar.memory.recall import Memory


class Meanings:
    """An embedder that knows a few words of like meaning, and can be switched off."""

    name = "meanings"
    alike = ({"backup", "copies"}, {"money", "price", "bill"}, {"night", "dark"})

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    async def embed(self, texts: Sequence[str], /) -> Sequence[Sequence[float]]:
        if self.down:
            raise Unreachable("no server answers at http://localhost:9: start it")
        self.asked += texts
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[float]:
        words = {w.strip(".,?").lower() for w in text.split()}
        first = [float(bool(group & words)) for group in self.alike]
        noise = hashlib.sha256(text.encode()).digest()[:4]
        return [*first, *(byte / 2550 for byte in noise)]


@pytest.fixture
def meanings() -> Meanings:
    return Meanings()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "agents" / "ada" / "memory"


@pytest.fixture
def plain(folder: Path):
    made = Memory(Notes(folder))
    yield made
    made.close()


@pytest.fixture
def clever(folder: Path, meanings: Meanings):
    made = Memory(Notes(folder), meanings)
    yield made
    made.close()
