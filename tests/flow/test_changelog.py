"""A line in the changelog: in its place, in the file's own style, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.flow import changelog

KEPT = """# Changelog

All notable changes; the format is that of https://keepachangelog.com/.

## [Unreleased]

### Added

- A first thing.

## [1.0.0] - 2024-01-01

### Fixed

- Something old.

[Unreleased]: https://example.org
"""


def test_a_line_joins_its_section():
    text = changelog.insert(KEPT, "a second thing", "feat")
    assert "- A first thing.\n- a second thing.\n\n## [1.0.0]" in text
    assert len(text.splitlines()) == len(KEPT.splitlines()) + 1


def test_a_missing_section_is_made_at_the_end_of_unreleased():
    text = changelog.insert(KEPT, "the crash on empty input", "fix")
    assert "- A first thing.\n\n### Fixed\n\n- the crash on empty input.\n\n## [1.0.0]" in text


@pytest.mark.parametrize("kind", ["feat", "fix", "perf", "docs"])
def test_the_same_line_is_not_added_twice(kind):
    once = changelog.insert(KEPT, "A new thing", kind)
    assert changelog.insert(once, "- A new thing.", kind) == once
    assert once != KEPT


def test_an_empty_file_becomes_a_small_changelog():
    text = changelog.insert("", "a thing", "feat")
    assert text == "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- a thing\n"
    assert changelog.insert(text, "a thing", "feat") == text


def test_a_file_without_unreleased_gets_it_above_the_newest_version():
    text = changelog.insert("# History\n\n## 2.1 (2024)\n\n* Old\n", "new thing", "feat")
    assert text == "# History\n\n## Unreleased\n\n* new thing\n\n## 2.1 (2024)\n\n* Old\n"


def test_an_empty_unreleased_section_is_filled():
    text = changelog.insert("# C\n\n## Unreleased\n\n## 1.0\n\n- x\n", "y", "feat")
    assert text == "# C\n\n## Unreleased\n\n- y\n\n## 1.0\n\n- x\n"


def test_other_headings_of_the_future_are_recognised():
    for name in ("Upcoming", "[unreleased]", "Next release", "Development version"):
        text = changelog.insert(f"## {name}\n\n- x\n\n## 1.0\n", "y", "feat")
        assert text == f"## {name}\n\n- x\n- y\n\n## 1.0\n"


def test_line_ends_of_the_file_are_kept():
    text = changelog.insert(KEPT.replace("\n", "\r\n"), "a second thing", "feat")
    assert text.replace("\r\n", "").count("\n") == 0
    assert text.replace("\r\n", "\n") == changelog.insert(KEPT, "a second thing", "feat")


@given(st.text("#-* \nab[]1.Unrelased", max_size=300), st.text(max_size=80))
def test_whatever_the_file_the_line_is_added_once_and_nothing_is_lost(text, line):
    once = changelog.insert(text, line, "feat")
    assert changelog.insert(once, line, "feat") == once
    kept = iter(once.split("\n"))
    if "\r" not in text and text.strip():
        assert all(any(row == other for other in kept) for row in text.split("\n"))
