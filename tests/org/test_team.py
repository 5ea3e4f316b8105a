"""The verbs of a team, as its surfaces call them."""

import shutil
from pathlib import Path

import pytest

from samovar.core.errors import Missing, SetupError

from .conftest import act, hire, office


async def test_tasks_of_an_agent_nobody_knows_are_not_an_empty_list(home: Path) -> None:
    hire(home, "developer")
    hire(home, "idle")
    hire(home, "odd").write_text("{")
    team = office(home, lambda _: act("nothing"))
    await team.submit("mend it", "developer")
    for known in ("idle", "odd"):
        assert not await team.tasks(known)
    for listed in (team.tasks("develper"), team.latest_tasks("develper")):
        with pytest.raises(Missing, match=r"no agent 'develper' here; there are: developer, idle"):
            await listed
    shutil.rmtree(home / "agents" / "developer")
    assert [job.text for job in await team.tasks("developer")] == ["mend it"], "and it is gone"


async def test_the_words_of_a_task_can_be_changed_but_not_taken_away(home: Path) -> None:
    hire(home, "developer")
    team = office(home, lambda _: act("nothing"))
    job = await team.submit("medn it", "developer", by="ann")
    with pytest.raises(SetupError, match="the task is empty"):
        await team.edit(job.id, " \n")
    assert (await team.edit(job.id, " mend it ")).text == "mend it"
    assert [(j.text, j.created_by) for j in await team.tasks()] == [("mend it", "person:ann")]
