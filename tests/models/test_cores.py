import importlib.util
import os

import pytest

from samovar.models import weights
from samovar.models.cores import choices, paying

SHIPPED = weights.CATALOGUE[0]


@pytest.mark.parametrize(
    ("cores", "tried"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 3, 4]), (16, [1, 8, 15, 16])]
)
def test_a_few_numbers_of_threads_are_worth_a_trial(cores: int, tried: list[int]) -> None:
    assert choices(cores) == tried


@pytest.mark.model
@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or not weights.here(SHIPPED),
    reason=f"needs {SHIPPED.name}: run 'samovar model pull'",
)
async def test_threads_are_tried_and_one_number_is_taken() -> None:
    told: list[str] = []
    found = await paying(weights.place(SHIPPED), told.append)
    assert found in choices(len(os.sched_getaffinity(0)))
    assert told[0] == "1 thread"
