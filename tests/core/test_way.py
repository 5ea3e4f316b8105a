"""Where paths lead that go through links."""

from pathlib import Path

import pytest

from samovar.core.way import followed, written


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is reached through a link itself."""
    folder = tmp_path / "real"
    (folder / "secrets" / "deep").mkdir(parents=True)
    (folder / "secrets" / "a.txt").write_text("hunter2")
    links = {
        "door": "secrets",
        "file": "secrets/a.txt",
        "hop": "door/deep",
        "far": str(folder / "secrets"),
        "shown": "/w/secrets",
        "back": "/w/hop/../a.txt",
        "loop": "loop",
        "gone": "secrets/later",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (tmp_path / "root").symlink_to(folder)
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("secrets/a.txt", "secrets/a.txt"),
        ("door/a.txt", "secrets/a.txt"),
        ("./door//a.txt", "secrets/a.txt"),
        ("file", "secrets/a.txt"),
        ("hop/../a.txt", "secrets/a.txt"),
        ("shown/a.txt", "secrets/a.txt"),
        ("back", "secrets/a.txt"),
        ("/w/door/a.txt", "secrets/a.txt"),
        ("/w", ""),
        ("door/new/b.txt", "secrets/new/b.txt"),
        ("gone", "secrets/later"),
        ("none/../door", "secrets"),
        ("loop", "loop"),
        ("a\0b", "a\0b"),
    ],
)
def test_links_are_followed_name_by_name(root, path, leads):
    assert followed(path, str(root)) == str(root / leads)


def test_a_link_by_a_whole_path_leads_to_what_it_names(root):
    assert followed("far/a.txt", str(root)) == str(root.resolve() / "secrets" / "a.txt")


def test_without_links_both_ways_are_one(root):
    for path in ("secrets/a.txt", "secrets/../x", "/etc/hosts"):
        assert followed(path, str(root)) == written(path, str(root))


def test_a_path_no_system_takes_is_not_walked(root):
    path = "door/" * 200_000
    assert followed(path, str(root)) == written(path, str(root))


def test_a_root_within_the_folder_of_sandboxes_is_no_sandbox():
    assert followed("/w/p/a", "/w/p") == "/w/p/a"
    assert followed("/w/q", "/w/p") == "/w/p/q"
