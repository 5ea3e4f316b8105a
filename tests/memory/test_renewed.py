"""After a change the vectors of the notes that changed are read, not all."""

import random

from samovar.memory import index
from samovar.memory.notes import Notes
from samovar.memory.recall import Memory
from samovar.memory.vectors import Nearest


async def test_vectors_that_are_renewed_one_by_one_are_those_that_are_read_anew(
    folder, meanings, monkeypatch
):
    monkeypatch.setattr(index, "MANY", 0)
    memory = Memory(Notes(folder), meanings)
    await memory.store("The backup starts late.", "owner")
    dice = random.Random(3)
    for n in range(40):
        path = folder / f"n{dice.randrange(8)}.md"
        if path.exists() and dice.random() < 0.4:
            path.unlink()
        else:
            path.write_text(f"Note {n} of {dice.choice(['tea', 'backup', 'ships'])}.")
        await memory.search(f"what of {n}?")
        whole = Nearest(memory.index.vectors(meanings.name))
        now = memory._nearest
        assert sorted(now.ids) == sorted(whole.ids)
        for at, id in enumerate(now.ids):
            assert (now.matrix[at] == whole.matrix[whole.ids.index(id)]).all()
    memory.close()
