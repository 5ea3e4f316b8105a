import pytest

from durations import DurationError, format_seconds, parse


def test_seconds_minutes_and_hours_add_up():
    assert parse("1h30m") == 5400
    assert parse("2m 5s") == 125
    assert parse("45S") == 45


def test_days_count_as_24_hours():
    assert parse("1d") == 86400
    assert parse("1d2h") == 93600


def test_what_is_written_reads_back():
    for seconds in (0, 59, 3600, 3661):
        assert parse(format_seconds(seconds)) == seconds


def test_the_largest_unit_comes_first():
    assert format_seconds(93600) == "1d2h"


@pytest.mark.parametrize("text", ["", "abc", "5", "3x", "1h and 2m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(DurationError):
        parse(text)
