import itertools

from hypothesis import given
from hypothesis import strategies as st

from samovar.org.resume import Schedule
from samovar.org.tick import Turn, look, order, swaps

turns = st.lists(
    st.builds(Turn, st.sampled_from("abcdefg"), st.sampled_from(["m", "n", "o"])),
    unique_by=lambda t: t.agent,
    max_size=5,
)


@given(st.integers(0, 10**6), st.integers(1, 50), st.integers(0, 200))
def test_an_agent_looks_at_the_ticks_of_its_schedule(tick: int, every: int, offset: int) -> None:
    schedule = Schedule(run_every_n_ticks=every, phase_offset=offset)
    named = [t for t in range(tick - every + 1, tick + 1) if t % every == offset % every]
    assert [look(schedule, tick)] == named


@given(turns, st.sampled_from(["m", "n", "x"]))
def test_the_order_has_the_fewest_swaps_there_can_be(wanted: list[Turn], loaded: str) -> None:
    found = order(wanted, loaded)
    assert sorted(found, key=lambda t: t.agent) == sorted(wanted, key=lambda t: t.agent)
    best = min(swaps(p, loaded) for p in itertools.permutations(wanted))
    assert swaps(found, loaded) == best


@given(turns, st.randoms())
def test_the_order_does_not_depend_on_how_the_turns_came(wanted: list[Turn], draw: object) -> None:
    other = list(wanted)
    draw.shuffle(other)  # type: ignore[attr-defined]
    assert order(wanted, "m") == order(other, "m")
