"""What a task may spend: calls of the model and tokens it generates."""

import math

from msgspec.structs import replace

from samovar.core.task import Budget
from samovar.models.wrappers import Counted

CALLS = 8
GENERATED = 2500
REPLY = 1200


def budget(scale: float) -> Budget:
    """Return what a task may spend: 8 calls and 2,500 generated tokens, times `scale`."""
    return Budget(calls=math.ceil(CALLS * scale), generated=int(GENERATED * scale), reply=REPLY)


def half(whole: Budget) -> Budget:
    """Return what the first of two tries may spend."""
    return replace(whole, calls=math.ceil(whole.calls / 2), generated=whole.generated // 2)


def less(whole: Budget, count: Counted) -> Budget:
    """Return what the second try may spend: what the first one left."""
    return replace(
        whole,
        calls=whole.calls - count.calls,
        generated=whole.generated - count.usage.generated,
    )
