"""Settings name models and programs, so they never come with a repository."""

import pytest

from samovar.cli.home import find_home
from samovar.core.errors import Untrusted
from samovar.repo import git
from samovar.repo.home import home_near


def brought(person, how):
    """Put a home under version control."""
    if how == "a file":
        person.write(".samovar/samovar.toml", "[mcp.x]\ncommand = ['sh']\ntrusted = true\n")
        person.write(".samovar/agents/a/resume.json", "{}")
    elif how == "secrets":
        person.write(".samovar/.env", "SAMOVAR_MODEL_URL=http://203.0.113.5/v1\n")
        person.write(".samovar/agents/a/resume.json", "{}")
    else:
        person.write("settings/agents/a/resume.json", "{}")
        (person.folder / ".samovar").symlink_to("settings")
    person.commit("chore: settings")


@pytest.mark.parametrize("how", ["a file", "secrets", "a link"])
async def test_a_home_under_version_control_is_refused_everywhere(person, how, monkeypatch):
    brought(person, how)
    monkeypatch.delenv("SAMOVAR_HOME", raising=False)
    (person.folder / "src").mkdir(exist_ok=True)
    for opened in (git.open, home_near):
        for place in (person.folder, person.folder / "src"):
            with pytest.raises(Untrusted, match=r"git rm -r --cached \.samovar"):
                await opened(place)
    with pytest.raises(Untrusted):
        await find_home(person.folder)


@pytest.mark.parametrize("bringing", ["project", "beside"])
async def test_a_home_that_came_with_any_tree_is_refused_in_a_linked_one(person, bringing):
    person.git("worktree", "add", "-q", "../beside")
    linked = person.folder.with_name("beside")
    brought(type(person)(person.folder.with_name(bringing)), "a file")
    with pytest.raises(Untrusted):
        await git.open(linked)
    with pytest.raises(Untrusted):
        await find_home(linked)


async def test_a_team_is_found_from_a_linked_worktree(person):
    person.git("worktree", "add", "-q", "../beside")
    person.write(".samovar/agents/a/resume.json", "{}")
    assert await find_home(person.folder.with_name("beside")) == person.folder / ".samovar"


async def test_once_it_is_out_of_git_it_is_the_persons_own(person):
    brought(person, "a file")
    person.git("rm", "-rq", "--cached", ".samovar")
    assert await home_near(person.folder / "src") == person.folder / ".samovar"
    assert await find_home(person.folder) == person.folder / ".samovar"


async def test_without_a_repository_a_home_lies_in_the_folder_itself(tmp_path):
    assert await home_near(tmp_path) == tmp_path / ".samovar"
