"""What a log of a conversation leads to."""

from pathlib import Path

import msgspec

from samovar.core.log import JsonlLog, read
from samovar.core.message import Usage
from samovar.core.state import State
from samovar.core.state import replay as run_state
from samovar.core.talk import (
    Began,
    Condensed,
    Continued,
    Conversation,
    Heard,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    Told,
    Used,
    replay,
)
from samovar.core.tool import Call, Returned, Said

GOLDEN = Path(__file__).parents[1] / "goldens" / "talk" / "chat.jsonl"
READ, WRITE = Call("read_file", {"path": "a"}, "1.0.0"), Call("write_file", {"path": "a"}, "1.0.1")
EVENTS: list[Talk] = [
    Began(run="r", system="You are careful.", model="m"),
    Heard(text="mend a"),
    Looked(facts="changed: nothing", plan="1. mend a"),
    Offered(tools=("read_file", "write_file")),
    Replied(text="...", said=Said("", (READ, WRITE)), usage=Usage(90, 0, 9), seconds=2, credits=3),
    Used(result=Returned(call=READ, text="x = 1", seconds=1)),
    Started(call=WRITE),
    Used(result=Returned(call=WRITE, text="wrote a")),
    Condensed(places=(4,)),
    Told(text="you go round in circles", kind="nudge"),
    Replied(text="?", complaint="no"),
    Continued(summary="What happened", kept=(0, 1, 2)),
    Replied(text="It is done.", said=Said("It is done.")),
    Stopped(end="answered"),
]


def test_a_turn_opens_with_a_message_and_ends_with_a_stop():
    assert replay(EVENTS[:1]).turn is None
    assert replay(EVENTS[:2]).turn is not None
    assert replay(EVENTS).turn is None and replay(EVENTS).turns == 1
    assert replay(EVENTS).answer == "It is done."


def test_a_log_from_before_recalling_loads():
    old = b'{"type":"looked","facts":"no file is changed","plan":""}'
    assert msgspec.json.decode(old, type=Talk) == Looked(facts="no file is changed")


def test_a_turn_counts_what_it_spends():
    turn = replay(EVENTS[:8]).turn
    assert turn is not None
    assert (turn.steps, turn.tokens, turn.seconds, turn.credits) == (1, 9, 3.0, 3)
    assert not turn.looked, "something was done since"
    assert replay([*EVENTS, Heard(text="more")]).turn != turn


def test_what_somebody_took_to_answer_is_not_spent():
    answered = Used(result=Returned(call=READ, text="yes", seconds=900.5, waited=900))
    turn = replay([*EVENTS[:5], answered]).turn
    assert turn is not None and turn.seconds == 2.5


def test_calls_wait_until_they_are_answered():
    assert [c.id for c in replay(EVENTS[:5]).waiting] == ["1.0.0", "1.0.1"]
    assert [c.id for c in replay(EVENTS[:6]).waiting] == ["1.0.1"]
    assert replay(EVENTS[:6]).lost == ()
    assert [c.id for c in replay(EVENTS[:7]).lost] == ["1.0.1"]
    assert replay(EVENTS[:8]).waiting == ()


def test_a_fresh_context_keeps_what_it_says():
    talk = replay(EVENTS[:12])
    assert [type(i) for i in talk.items] == [Continued, Heard, Looked, Offered]
    assert talk.contexts == 2 and talk.short == frozenset()
    assert talk.present[0] == Heard(text="mend a")


def test_shortened_items_stay_short_in_a_fresh_context():
    talk = replay([*EVENTS[:9], Continued(summary="", kept=(0, 4))])
    assert talk.short == {2}
    assert isinstance(talk.items[2], Used)


def test_a_message_during_a_turn_belongs_to_it():
    talk = replay([*EVENTS[:3], Heard(text="and b too")])
    assert talk.turns == 1
    assert [i.text for i in talk.present if isinstance(i, Heard)] == ["mend a", "and b too"]


def test_every_event_is_kept_in_a_log_and_comes_back(tmp_path):
    log = JsonlLog(tmp_path / "events.jsonl")
    for event in EVENTS:
        log.append(event)
    assert [e.event for e in log.read()] == EVENTS


def test_a_log_of_today_loads_for_ever():
    events = [e.event for e in read(GOLDEN)]
    talk = replay(events)
    assert talk.turns == 1 and talk.contexts == 2 and talk.answer == "It is done."
    assert talk.usage.generated == 9 and talk.credits == 3
    assert {type(e) for e in events} == set(Talk.__args__)


def test_runs_and_conversations_do_not_meet():
    assert run_state(EVENTS) == State()
    assert replay([e.event for e in read(GOLDEN.parents[1] / "solved.jsonl")]) == Conversation()
