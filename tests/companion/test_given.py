"""Files a person hands over beside the repository: seen by the agent, never committed."""

import os

import pytest
from actions import call, reply

from samovar.companion.clone import clone
from samovar.companion.given import Gift, gifts, taken
from samovar.core.errors import SetupError
from samovar.core.talk import Told, Used

from .conftest import MEND, events, run

SALES = "year,total\n2025,41\n"
READ = call("read_file", path="build/sales.csv")


@pytest.fixture
def sales(project):
    """A table that git does not know."""
    path = project / "build" / "sales.csv"
    path.parent.mkdir()
    path.write_text(SALES)
    return path


def paths(given):
    return [g.path for g in given]


def test_what_lies_in_the_repository_keeps_its_path_and_the_rest_its_name(
    project, sales, tmp_path, monkeypatch
):
    other = tmp_path / "more" / "deep"
    other.mkdir(parents=True)
    (other / "b.csv").write_text("12345")
    (sales.parent / "link.csv").symlink_to(other / "b.csv")
    monkeypatch.chdir(project)
    relative = sales.parent.relative_to(project)
    found = gifts([relative, other.parent, other / "b.csv"], project, {"sums.py"})
    assert paths(found) == ["build/sales.csv", "more/deep/b.csv", "b.csv"], "no link is followed"
    assert (found[1].source, found[1].size) == (other / "b.csv", 5)
    assert paths(gifts([sales.parent / "link.csv"], project, ())) == ["build/link.csv"]
    assert paths(gifts([sales], None, ())) == ["sales.csv"], "a bare repository has no folder"
    known = run(project, "ls-files").splitlines()
    assert paths(gifts([project], project, known)) == ["build/sales.csv"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.csv", "there is no file or folder .*nothing.csv: name one"),
        ("sums.py", "all of .*sums.py is in the last commit"),
        (".git/config", "belongs to git"),
        (".samovar", "belongs to samovar"),
    ],
)
def test_what_cannot_be_handed_over_is_told(project, name, said):
    with pytest.raises(SetupError, match=said):
        gifts([project / name], project, {"sums.py"})


def test_two_files_of_one_name_are_told(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text(folder)
    twice = [tmp_path / "a/x.csv", tmp_path / "b/x.csv"]
    with pytest.raises(SetupError, match=r"would both be x\.csv: rename one"):
        gifts(twice, None, ())


def test_what_lies_elsewhere_and_would_be_a_file_of_the_last_commit_is_told(project, tmp_path):
    other = tmp_path / "elsewhere" / "data"
    other.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (other / name).write_text(name)
    assert paths(gifts([other], project, {"a.csv"})) == ["data/a.csv", "data/b.csv"]
    said = (
        r"a file of the last commit and .*elsewhere/data/a\.csv would both be data/a\.csv: rename"
    )
    with pytest.raises(SetupError, match=said):
        gifts([other], project, {"data/a.csv"})


async def test_the_agent_sees_what_it_is_given_and_no_commit_takes_it(sit, project, sales):
    change = call("shell", command="echo 2026,42 >> build/sales.csv")
    talker = await sit(READ, change, MEND, reply("41, then 42."))
    talker.given = gifts([sales], project, ())
    seen = await events(talker, "what is the total in build/sales.csv?")
    results = [e.result for e in seen if isinstance(e, Used)]
    assert "2025,41" in results[0].text and all(r.ok for r in results)
    [told] = [i.text for i in talker.talk.items if isinstance(i, Told)]
    assert told.endswith("which no commit takes: build/sales.csv (19 bytes)")
    assert sales.read_text() == SALES, "the person's own file stays as it is"
    assert (await talker.draft.change()).paths == ("sums.py",) and (
        await talker.draft.made()
    ).paths == ()
    await talker.commit("fix: add")
    committed = run(project, "ls-tree", "-r", "--name-only", f"samovar/{talker.run}")
    assert "sales" not in committed


async def test_what_was_given_stays_with_the_conversation_and_may_be_given_anew(
    sit, project, sales
):
    first = await sit(reply("Good."))
    first.given = gifts([sales], None, ())
    await events(first, "here is a table")
    run_name = first.run
    first.close()
    second = await sit(call("read_file", path="sales.csv"), reply("41."))
    await second.resume(run_name)
    assert (await second.draft.change()).paths == () and "sales.csv" in await second.draft.paths()
    seen = await events(second, "what is the total in it?")
    assert "2025,41" in next(e.result.text for e in seen if isinstance(e, Used))
    second.close()
    sales.write_text("year,total\n2025,43\n")
    third = await sit(call("write_file", path="own.csv", content="1\n"), reply("Written."))
    third.given = gifts([sales], None, ())
    await third.resume(run_name)
    assert "2025,43" in (third.draft.root / "sales.csv").read_text() and third.given == ()
    await events(third, "write one of your own")
    third.close()
    (project / "own.csv").write_text("mine\n")
    fourth = await sit()
    fourth.given = gifts([project / "own.csv"], project, ())
    with pytest.raises(SetupError, match=r"the agent has a own\.csv already"):
        await fourth.resume(run_name)
    assert (third.draft.root / "own.csv").read_text() == "1\n"


async def test_a_gift_that_cannot_be_laid_down_leaves_no_conversation(sit, project, sales):
    talker = await sit(READ, reply("41."))
    talker.given = gifts([sales], project, ())
    sales.unlink()
    for _ in range(2):
        with pytest.raises(SetupError, match=r"cannot copy .*sales\.csv"):
            await events(talker, "what is the total?")
    assert list((talker.seat.home / "runs").iterdir()) == [] and talker.run == ""
    sales.write_text(SALES)
    seen = await events(talker, "what is the total?")
    assert "2025,41" in next(e.result.text for e in seen if isinstance(e, Used))
    assert [p.name for p in (talker.seat.home / "runs").iterdir()] == [talker.run]


async def test_what_was_never_copied_does_not_count_as_given(sit, project, sales):
    talker = await sit(reply("Good."))
    await events(talker, "hello")
    (project / "c.csv").write_text("c")
    both = gifts([project / "c.csv", sales], project, ())
    sales.unlink()
    with pytest.raises(SetupError, match="cannot copy"):
        await talker.draft.give(both)
    (talker.draft.root / "build").mkdir(exist_ok=True)
    (talker.draft.root / "build/sales.csv").write_text("the agent's own")
    assert taken(talker.draft.root.parent) == {"c.csv"}
    assert (await talker.draft.made()).paths == ("build/sales.csv",)


async def test_no_link_of_the_agents_leads_a_gift_out_of_its_copy(sit, sales, tmp_path):
    talker = await sit(reply("Good."))
    await events(talker, "hello")
    (tmp_path / "outside").mkdir()
    (talker.draft.root / "build").symlink_to(tmp_path / "outside")
    with pytest.raises(SetupError, match="link out of the workspace"):
        await talker.draft.give([Gift(sales, "build/sales.csv", 19)])
    assert not list((tmp_path / "outside").iterdir())


async def test_a_path_that_only_the_person_has_is_told_with_the_way_to_hand_it_over(sit, sales):
    look = [READ, call("list_files", path="build"), call("read_file", path="nothing.csv")]
    talker = await sit(*look, reply("It is not here."))
    seen = await events(talker, "what is the total?")
    file, folder, nothing = (e.result.text for e in seen if isinstance(e, Used))
    said = "is not in this copy of the last commit: samovar chat --with"
    assert f"{said} build/sales.csv" in file and f"{said} build " in folder
    assert said not in nothing and "there is no 'nothing.csv'" in nothing


def test_a_copy_is_a_file_of_its_own(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(os.urandom(3_000_000))
    before = source.read_bytes()
    target.write_text("older and shorter")
    with source.open("rb") as file:
        clone(file, target)
    assert target.read_bytes() == before
    target.write_text("changed")
    assert source.read_bytes() == before
