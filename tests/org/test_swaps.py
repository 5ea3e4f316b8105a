"""With room for one model, the team's order loads half as often as round-robin, or less."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from samovar.models import weights

SCRIPT = Path(__file__).parents[2] / "bench" / "swaps.py"


@pytest.fixture(scope="module")
def swaps() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_swaps", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_swaps"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("load", "most"), [(0.8, 0.5), (1.5, 0.3)])
async def test_a_busy_day_takes_at_most_half_the_loads_of_round_robin(
    swaps: ModuleType, load: float, most: float
) -> None:
    found = await swaps.compare(swaps.day(tasks=150, agents=8, load=load, seed=3))
    assert found["engine"] <= most * found["round-robin"]
    assert found["round-robin"] > 0.4, "what is compared with does swap"


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(1800)
async def test_two_real_models_on_one_slot_are_loaded_half_as_often_as_by_turns(
    swaps: ModuleType, home: Path
) -> None:
    pytest.importorskip("xllamacpp", reason="needs pip install 'samovar[local]'")
    absent = [name for name in swaps.MODELS if not weights.here(weights.find(name))]
    if absent:
        pytest.skip(f"needs {absent[0]}: run 'samovar model pull {absent[0]}'")
    found = await swaps.real(swaps.day(tasks=12, agents=4, load=0.8, seed=1), home)
    assert 0 < found["engine"] <= 0.5 * found["round-robin"]


async def test_nobody_waits_for_ever_while_the_other_model_has_work(swaps: ModuleType) -> None:
    plan = swaps.day(tasks=120, agents=2, load=1.0, seed=1)
    first = [o.agent for o in plan.orders if o.agent == "a0"]
    # All day long there is work for one, and one task for the other in the morning.
    plan.orders = [swaps.Order(0.0, "a0")] * len(first) + [swaps.Order(1.0, "a1")]
    slot = swaps.Slot()
    used: list[str] = []
    use = slot.use

    def noted(name: str) -> str:
        used.append(name)
        return use(name)

    slot.use = noted
    await swaps.by_engine(plan, slot)
    assert len(used) == len(plan.orders) and slot.swaps >= 2
    assert used.index(plan.models["a1"]) <= 2 + 8
