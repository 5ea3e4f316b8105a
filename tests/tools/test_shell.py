"""A command of the shell: how it ended, and the end of what it printed."""

from samovar.tools.shell import shell


async def test_exit_code_and_output_are_told(place, sandbox, interpreter):
    tool = shell(place, sandbox, interpreter)
    said = await tool.run(command="echo one; echo two >&2; exit 3")
    assert said.startswith("exit 3 after 0.") and said.endswith("s\none\ntwo")
    assert (await tool.run(command="true")).endswith(" s; it printed nothing")


async def test_the_tail_is_kept_and_the_cut_is_said(place, sandbox, interpreter):
    said = await shell(place, sandbox, interpreter).run(command="seq 1 5000")
    assert said.endswith("\n5000") and "left out; pipe it to a file" in said
    assert len(said) < 4300


async def test_limits_are_named(place, sandbox, interpreter):
    tool = shell(place, sandbox, interpreter)
    assert "exit 137 after 0.5 s; stopped after 0 s" in await tool.run(
        command="sleep 9", seconds=0.5
    )


async def test_the_project_python_comes_first_and_colours_go(place, sandbox, interpreter):
    tool = shell(place, sandbox, interpreter)
    said = await tool.run(command="command -v python; printf '\\033[31mred\\033[0m\\033]0;x\\007'")
    assert said.splitlines()[1].endswith("bin/python") and said.endswith("red⟨escape: 0;x⟩")


async def test_git_cannot_be_written(place, sandbox, interpreter):
    (place.root / ".git").mkdir()
    said = await shell(place, sandbox, interpreter).run(command="touch .git/hooks; ls -a .git")
    assert "Read-only file system" in said


async def test_what_is_left_in_the_background_ends_and_the_model_is_told(
    place, sandbox, interpreter
):
    tool = shell(place, sandbox, interpreter)
    late = "(sleep 0.5; touch late) >/dev/null 2>&1 & touch early"
    assert (await tool.run(command=late)).startswith("exit 0")
    await tool.run(command="sleep 1")
    assert (place.root / "early").exists() and not (place.root / "late").exists()
    assert "What it leaves in the background ends with it" in tool.description
