"""With room for one model, the team's order loads half as often as round-robin, or less."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

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
