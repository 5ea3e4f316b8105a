"""Whom of the shipped team a task is for, by its words alone."""

import json
from pathlib import Path

import msgspec
import pytest

import samovar.org
from samovar.org.match import best
from samovar.org.resume import Resume

TRIED = {
    "developer": (
        "Fix the crash in parse_date when the string is empty",
        "Add a --version option",
        "Rename the function load to read_file in utils.py",
        "The total in cart.py ignores discounts; mend it",
        "Make search case-insensitive",
        "Speed up the import of the CSV reader",
        "Add a command that lists all users",
    ),
    "tester": (
        "Write tests for slugify in text.py",
        "Cover the error paths of config.load with pytest",
    ),
    "writer": (
        "Write a quick start for the README",
        "Document the settings in docs/settings.md",
        "Write release notes for 1.2",
        "Explain in the guide how to install it on Debian",
    ),
    "log_summarizer": ("Summarize team/engine.log", "What happened in the team today?"),
    "ui_copy_editor": (
        "Improve the words of templates/login.html",
        "The error messages of the sign-up page are confusing: suggest better wording",
    ),
    "spec_writer": (
        "Write down what was decided about the API",
        "Bring the specification up to date with the latest decisions",
    ),
    "reviewer": (
        "Review the last change to cart.py",
        "Look over the developer's last commit for mistakes",
    ),
}
"""What the rule was made with."""
UNSEEN = {
    "developer": (
        "`samovar ls` should show hidden files with -a",
        "Users are logged out after a minute; the session should last an hour",
        "Replace the deprecated call datetime.utcnow in clock.py",
        "Support YAML files as configuration, too",
        "Division by zero in stats.mean for an empty list",
        "Cache the results of geocode()",
    ),
    "tester": (
        "We have no tests for the Invoice class; add some",
        "Add a regression test for the rounding bug in money.py",
    ),
    "writer": (
        "The installation section of the README is out of date; rewrite it",
        "Add a changelog entry for the new export",
        "Write a tutorial for beginners",
    ),
    "log_summarizer": (
        "Give me a digest of last night's log",
        "Sum up the errors in app.log in five lines",
    ),
    "ui_copy_editor": (
        "Suggest a friendlier text for the empty basket page",
        "Button labels in settings.html are too long, propose shorter ones",
    ),
    "spec_writer": ("Collect the requirements agreed on so far in one document",),
    "reviewer": (
        "Check the diff of the payment module for security problems",
        "Is the new sorting code correct? Read it and say what is wrong",
    ),
}
"""Written before the rule was tried on any of them."""


@pytest.fixture(scope="module")
def team() -> dict[str, Resume]:
    agents = Path(samovar.org.__file__).parent / "agents"
    texts = {p.parent.name: p.read_bytes() for p in agents.glob("*/resume.json")}
    every = {n: msgspec.convert(json.loads(text), Resume) for n, text in texts.items()}
    return {n: r for n, r in every.items() if n not in ("manager", "agent_template")}


@pytest.mark.parametrize(("tasks", "least"), [(TRIED, 19), (UNSEEN, 14)])
def test_most_tasks_go_to_who_is_there_for_them(
    team: dict[str, Resume], tasks: dict[str, tuple[str, ...]], least: int
) -> None:
    """19 of 21 and 14 of 18; the embedded model alone named the right one for 13 of the 21."""
    found = [best(text, team).removeprefix("second_") == n for n in tasks for text in tasks[n]]
    assert sum(found) >= least


def test_where_no_word_says_so_it_is_code_or_nobody(team: dict[str, Resume]) -> None:
    assert best("Cache the results of geocode()", team) == "developer"
    assert best("", team) == "developer"
    without = {n: r for n, r in team.items() if n != "developer"}
    assert best("Cache the results of geocode()", without) == ""
    assert best("anything", {}) == ""
