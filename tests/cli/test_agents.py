"""Looking at agents."""

import asyncio
import json
from pathlib import Path

import pytest

from samovar.cli import agents
from samovar.org.journal import agent_log


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "agents" / "ada"
    folder.mkdir(parents=True)
    (folder / "resume.json").write_text(json.dumps({"name": "ada", "instructions": "x"}))
    return tmp_path


async def test_a_followed_log_shows_every_whole_line_once(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "PAUSE", 0.001)
    log, shown = agent_log(home, "ada"), ""
    numbers = [str(n) for n in range(300)]

    async def until(text: str) -> None:
        nonlocal shown
        while f'"text":"{text}"' not in shown:
            assert not following.done()
            await asyncio.sleep(0.01)
            shown += capsys.readouterr().out

    def write(text: str) -> None:
        with log.path.open("a") as file:
            file.write(text)

    log.add("turn", text="older")
    log.add("turn", text="first")
    following = asyncio.create_task(agents.logs("ada", 1, True, home, True))
    await until("first")
    await asyncio.to_thread(lambda: [log.add("turn", text=n) for n in numbers])
    # A full disk cut a line off, and the next one came behind it.
    write('{"text":"cut o{"text":"glued"}\n{"text":"half')
    await until(numbers[-1])
    write(' and half"}\n')
    await until("half and half")
    following.cancel()
    texts = [json.loads(line)["text"] for line in shown.splitlines()]
    assert texts == ["first", *numbers, "half and half"]


CONTRACT = {
    "name": "ada",
    "instructions": "Mend what you are given.\nAsk first.",
    "workflow_description": "Read, then write.",
    "soul": {"personality": "calm", "skills": ["SQL"], "expertise": ["tea", "sugar"]},
    "fallback_models": ["small", ""],
    "limits": {"depth": 2},
}


@pytest.mark.parametrize("ungated", [[], ["fetch"]])
async def test_everything_about_an_agent_is_shown_also_of_one_that_may_not_work(
    home: Path, capsys: pytest.CaptureFixture[str], ungated: list[str]
) -> None:
    permissions = {"tools": ["fetch"], "repositories": [".."], "ungated": ungated}
    resume = home / "agents" / "ada" / "resume.json"
    resume.write_text(json.dumps({**CONTRACT, "permissions": permissions}))
    (home / "credits.json").write_text('{"agents": {"ada": {"per_day": 7}}}')
    assert await agents.inspect("ada", home, False) == 0
    out = capsys.readouterr().out
    rows = [
        "told       Mend what you are given.\n           Ask first.",
        "workflow   Read, then write.",
        "character  calm",
        "skills     SQL",
        "expertise  tea, sugar",
        "model      the usual one, else small, else the usual one",
        "limits     open_tasks 20, depth 2, queue 50, read 20, reply 600",
    ]
    assert [row for row in rows if f"{row}\n" not in out] == []
    assert ", 7 a day at most\n" in out
    assert ("unasked    fetch\n" in out) is ("state      broken\n" in out) is bool(ungated)
    assert "\ntitle" not in out, "what it does not say is left out"
    assert await agents.inspect("ada", home, True) == 0
    assert json.loads(capsys.readouterr().out)["per_day"] == 7_000_000
