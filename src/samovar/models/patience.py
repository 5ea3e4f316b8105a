"""How long to wait for a model, from its measured speed."""

from msgspec import Struct

from samovar.models.profile import Profile

_MARGIN = 4.0
"""A busy machine may be this much slower than when it was measured."""
_BATCH = 2048
"""Prompt tokens llama.cpp reads between two signs of life."""
_BURST = 16
"""Tokens a server may hold back before it sends them."""


class Patience(Struct, frozen=True):
    """Seconds to wait before giving a server up."""

    first: float
    """For the first sign of life after sending, while the prompt is read."""
    gap: float
    """Between two pieces of the answer."""
    total: float


def patience(profile: Profile, prompt: int, limit: int, slack: float) -> Patience:
    """Return the time-outs of one request.

    `prompt` and `limit` are tokens; `slack` is seconds granted on top for loading and queueing.
    """
    read = _MARGIN * prompt / profile.prefill
    write = _MARGIN * limit / profile.generate
    return Patience(
        first=slack + read,
        gap=slack + _MARGIN * max(_BURST / profile.generate, min(prompt, _BATCH) / profile.prefill),
        total=slack + read + write,
    )
