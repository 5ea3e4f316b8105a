"""Taking back a conversation's commits: `samovar undo` and what the conversation makes of it."""

import json
import subprocess
from dataclasses import replace

import pytest
from actions import call, reply

from samovar.app import App
from samovar.boot import Desk
from samovar.core.errors import SetupError
from samovar.core.event import Done, branch_of
from samovar.core.talk import Continued
from samovar.models.profile import Profile

from .conftest import MEND, events
from .conftest import run as git

MORE = call("write_file", path="more.py", content="x = 1\n")


async def nobody(*_asked):
    return None


def undoing(talker) -> App:
    """Return what `samovar undo` calls."""
    seat = talker.seat
    return App(seat.home, Desk(seat.repo, seat.settings, seat.home, seat.stack, nobody))


@pytest.fixture
async def twice(sit):
    """Return a conversation that was left after two commits."""
    talker = await sit(MEND, reply("Mended."), MORE, reply("Written."))
    await events(talker, "mend add")
    await talker.commit("fix: add")
    await events(talker, "write more.py")
    await talker.commit("feat: more")
    talker.close()
    return talker


async def test_each_commit_of_a_conversation_is_taken_back_and_its_changes_stay(
    sit, twice, project
):
    branch, app = branch_of(twice.run), undoing(twice)
    first = git(project, "rev-parse", f"{branch}~1")
    assert f"back at {first[:12]}" in await app.undo(twice.run)
    assert git(project, "rev-parse", branch) == first
    again = await sit(reply("I see."))
    await again.resume(twice.run)
    diff = await again.diff()
    assert "+x = 1" in diff and "a + b" not in diff, "what the first one holds stays committed"
    with pytest.raises(SetupError, match="another process"):
        await app.undo(twice.run)
    await events(again, "what now?")
    assert "took back the commit" in again.seat.choice.model.asked[0].messages[-1].text
    await again.commit("feat: more, again")
    assert git(project, "rev-parse", f"{branch}~1") == first
    again.close()
    await app.undo(twice.run)
    assert f"deleted {branch}" in await app.undo(twice.run)
    assert git(project, "branch", "--list", branch) == ""
    with pytest.raises(SetupError, match=r"no commit of .* is there to be taken back"):
        await app.undo(twice.run)
    await again.resume(twice.run)
    diff = await again.diff()
    assert "+x = 1" in diff and "+    return a + b" in diff


async def test_a_turn_is_taken_back_to_what_its_own_commit_held(sit, twice):
    await undoing(twice).undo(twice.run)
    again = await sit(call("write_file", path="new.py", content="y = 2\n"), reply("Written."))
    await again.resume(twice.run)
    await events(again, "write new.py")
    assert await again.undo() == ("new.py",)
    assert "+x = 1" in await again.diff()


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_crash_while_a_commit_is_taken_back_leaves_log_and_branch_as_one(
    sit, twice, project, lost
):
    path = twice.seat.home / "runs" / twice.run / "events.jsonl"
    await undoing(twice).undo(twice.run)
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:-lost]))
    again = await sit()
    await again.resume(twice.run)
    assert "+x = 1" in await again.diff()
    await again.commit("feat: more, again")
    assert git(project, "rev-list", "--count", f"main..{branch_of(twice.run)}") == "2"
    assert [json.loads(row)["seq"] for row in path.read_text().splitlines()] == list(
        range(len(path.read_text().splitlines()))
    )


async def test_a_commit_that_others_build_on_stays(twice, project):
    git(project, "merge", "-q", "--ff-only", branch_of(twice.run))
    with pytest.raises(SetupError, match="git revert"):
        await undoing(twice).undo(twice.run)
    subprocess.run(["git", "reset", "-q", "--hard", "HEAD~2"], cwd=project, check=True)
    assert "back at" in await undoing(twice).undo(twice.run)


async def test_a_merged_commit_whose_branch_is_gone_is_not_recorded_as_taken_back(
    sit, twice, project
):
    git(project, "merge", "-q", "--ff-only", branch_of(twice.run))
    git(project, "branch", "-q", "-d", branch_of(twice.run))
    app = undoing(twice)
    for _ in range(2):
        with pytest.raises(SetupError, match="git revert"):
            await app.undo(twice.run)
    again = await sit()
    await again.resume(twice.run)
    again.close()
    acts = [e.event for e in app.read(twice.run) if isinstance(e.event, Done)]
    assert [d.act for d in acts] == ["commit", "commit"]


async def test_a_commit_whose_line_a_crash_took_is_taken_back(twice, project):
    path = twice.seat.home / "runs" / twice.run / "events.jsonl"
    rows = path.read_text().splitlines(keepends=True)
    last = max(n for n, row in enumerate(rows) if '"type":"done"' in row)
    path.write_text("".join(rows[:last]))
    assert "back at" in await undoing(twice).undo(twice.run)
    assert git(project, "rev-list", "--count", f"main..{branch_of(twice.run)}") == "1"


async def test_what_was_taken_back_stays_so_through_a_hand_over_and_a_resume(sit, project):
    talker = await sit(MEND, reply("Mended."), MORE, reply("Written."), *[reply("Seen.")] * 9)
    for wish in ("mend add", "write more.py"):
        await events(talker, wish)
    assert await talker.undo() == ("more.py",)
    choice = talker.seat.choice
    talker.seat.choice = replace(choice, profile=Profile(context=4096))
    seen = []
    while not any(isinstance(event, Continued) for event in seen):
        seen = await events(talker, f"look at this: {'tea ' * 900}")
    talker.close()
    again = await sit(reply("I see."))
    await again.resume(talker.run)
    await events(again, "what now?")
    prompt = "\n".join(message.text for message in again.seat.choice.model.asked[0].messages)
    assert "write_file" in prompt and "took back your last changes" in prompt
    assert prompt.index("mend add") < prompt.index("took back your last changes")
    diff = await again.diff()
    assert "a + b" in diff and "x = 1" not in diff
    assert await again.undo() == ("sums.py",)
    assert await again.diff() == ""
