"""What a change may not touch, by its name alone and by what the project holds."""

import pytest

from samovar.core.errors import ToolError
from samovar.core.seams import Deed
from samovar.repo import git, paths

GIT = [
    "config",
    "hooks/pre-commit",
    "hooks/post-checkout",
    "info/attributes",
    "info/exclude",
    "HEAD",
    "index",
    "objects/x",
    "refs/heads/main",
    "modules/x/config",
]
ESCAPES = [
    *(
        f"{folder}/{name}"
        for folder in (".git", "src/.git", ".GIT", ".Git", "sub/.giT")
        for name in GIT
    ),
    *(
        f"{folder}/config"
        for folder in (
            "git~1",
            "GIT~1",
            ".git.",
            ".git ",
            ".git..",
            ".git . .",
            ".g\u200cit",
            ".gi\u200dt",
            ".git\u200e",
            "\ufeff.git",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "\uff0egit",
            ".\uff47it",
        )
    ),
    ".git",
    "src/.git",
    "..",
    ".",
    "",
    "/",
    "~/x",
    "/etc/passwd",
    "//etc/passwd",
    "C:/x",
    "c:x",
    "../x",
    "a/../../x",
    "a/..",
    "./x",
    "a/./b",
    "a//b",
    "a/",
    "a\\b",
    "..\\x",
    "\\\\host\\x",
    "a\0b",
    "a\nb",
    "a\tb",
    "a\x7fb",
    "x" * 1025,
    "a/" * 600 + "b",
    "\ud800",
    "~root/.ssh/x",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_a_path_that_leaves_the_project_is_refused(path):
    with pytest.raises(ToolError) as caught:
        paths.check(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "path",
    [
        *("a", "a/b.py", ".gitignore", ".gitattributes", ".github/workflows/x.yml", "git", "a.git"),
        *("x.git/y", "caf\u00e9.txt", "a b", "...", ".env", "-x", "gitx~1"),
    ],
)
def test_an_ordinary_path_is_kept(path):
    assert paths.check(path) == path


TREE = {
    "README.md": "100644",
    "src/app.py": "100755",
    "link": "120000",
    "lib/link": "120000",
    "module": "160000",
}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("link", "symbolic link"),
        ("lib/link", "symbolic link"),
        ("module", "submodule"),
        ("link/x", "not a folder"),
        ("lib/link/a/b", "not a folder"),
        ("module/x", "submodule"),
        ("README.md/x", "not a folder"),
        ("src", "folder"),
        ("lib", "folder"),
        ("readme.md", "only by case"),
        ("SRC/new.py", "only by case"),
        ("Link/x", "only by case"),
        ("src/APP.py", "only by case"),
        ("Lib/link", "only by case"),
    ],
)
def test_a_path_through_a_link_or_beside_a_twin_is_refused(path, why):
    with pytest.raises(ToolError, match=why):
        paths.check_against(path, TREE)
        paths.collisions([path], TREE)


def test_new_paths_must_not_be_in_each_other_s_way():
    for pair in (["a", "a/b"], ["a/b", "a"], ["a/B", "a/b"], ["A/x", "a/y"]):
        with pytest.raises(ToolError):
            paths.collisions(pair, TREE)
    paths.collisions(["a/b", "a/c", "src/new.py", "README.md"], TREE)


@pytest.mark.parametrize("act", ["commit", "diff", "write"])
async def test_every_act_of_the_repository_refuses_them_all(act, person, tmp_path):
    repo = await git.open(person.folder)
    base = await repo.head()
    tree = await repo.tree(base)
    for path in [p for p in ESCAPES if len(p) < 200] + ["link", "link/x", "out/x", "readme.MD"]:
        with pytest.raises(ToolError):
            if act == "commit":
                await repo.commit(Deed(base=base, branch="s", message="m", changed={path: "x"}))
            elif act == "diff":
                await repo.diff(base, {path: "x"})
            else:
                tree.write_to(tmp_path / "out", {path: "x"})
    assert not (tmp_path / "out").exists()
    assert person.git("branch", "--list", "s") == ""


async def test_half_a_character_cannot_be_stored(person):
    repo = await git.open(person.folder)
    with pytest.raises(ToolError, match="surrogate"):
        await repo.diff(await repo.head(), {"f": "\ud800"})


@pytest.mark.parametrize(
    "modes", [{"f": "120000"}, {"f": "160000"}, {"f": "040000"}, {"f": "1"}, {"link": "100755"}]
)
async def test_a_file_becomes_a_program_and_nothing_else(person, modes):
    repo = await git.open(person.folder)
    base = await repo.head()
    with pytest.raises(ToolError, match="cannot have the mode"):
        await repo.diff(base, {"f": "x"}, (), modes)
    deed = Deed(base=base, branch="s", message="m", changed={"f": "x"}, modes=modes)
    with pytest.raises(ToolError, match="cannot have the mode"):
        await repo.commit(deed)
    assert "new file mode 100755" in await repo.diff(base, {"f": "x"}, (), {"f": "100755"})
