"""Which folders a person may let the sandbox read."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from samovar.core.errors import SetupError
from samovar.sandboxes.granted import granted


@pytest.fixture
def home(tmp_path) -> Path:
    """A home with tools, keys and samovar's own folder, behind a link as on many machines."""
    home = tmp_path / "disk" / "alice"
    for name in (".ssh/keys", ".cargo/bin", ".cargo/registry", "tools/node/bin", ".samovar"):
        (home / name).mkdir(parents=True)
    (home / ".cargo" / "credentials.toml").write_text("token")
    for name in (".cache/huggingface/hub", ".config/pip", ".pip", ".kaggle"):
        (home / name).mkdir(parents=True)
    for name in ("token", "stored_tokens"):
        (home / ".cache" / "huggingface" / name).write_text("hf_x")
    (home / "open").symlink_to(home / ".ssh")
    (home / "sdk").symlink_to(home / "tools")
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    return tmp_path / "home" / "alice"


def test_folders_of_tools_are_granted_at_their_own_path(home):
    names = ["~/.cargo/bin", "~/.cargo/registry", f"{home}/tools/node", "~/sdk", "/usr/share"]
    names += ["~/.cache/huggingface/hub"]
    shown = granted(names, home, [home / ".samovar"])
    assert [str(p) for p in shown] == [
        *[f"{home}/.cargo/bin", f"{home}/.cargo/registry", f"{home}/tools/node", f"{home}/sdk"],
        *("/usr/share", f"{home}/.cache/huggingface/hub"),
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((n, "alice as a whole") for n in ("~", "~/", "/", "~/..", "~/tools/../../../disk")),
        *((n, r"\.ssh is shown to no") for n in ("~/.ssh", "~/.ssh/keys", "~/open", "~/open/keys")),
        ("~/tools/../.ssh", r"\.ssh is shown to no"),
        ("~/sdk/../.ssh", r"\.ssh is shown to no"),
        ("~/.cargo", r"credentials\.toml is shown to no"),
        ("~/.samovar", r"\.samovar is shown to no"),
        ("/proc/self", "/proc is shown to no"),
        *((n, "huggingface/token is shown to no") for n in ("~/.cache", "~/.cache/huggingface")),
        *((f"~/{n}", f"{n} is shown to no") for n in (".config/pip", ".pip", ".kaggle")),
        ("~/.config", r"\.config/pip is shown to no"),
        *((n, "no such folder") for n in ("tools", "~/none", "", "~bob/x", "~/.cargo/no.toml")),
    ],
)
def test_homes_and_credentials_never_are(home, name, why):
    with pytest.raises(SetupError, match=why):
        granted([name], home, [home / ".samovar"])


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        *((n, "/tmp") for n in ("/tmp", "/tmp/", "/usr/../tmp")),
        *((n, n) for n in ("/var/tmp", "/var", "/dev/shm", "/etc", "/run")),
    ],
)
def test_what_all_programs_of_the_machine_share_is_not_shown_as_a_whole(name, whole):
    with pytest.raises(SetupError, match=f": {whole} as a whole"):
        granted([name], Path("/home/nobody-here"), [])


def test_what_holds_the_folder_of_samovar_holds_its_keys(home):
    (home / "code" / ".samovar").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"code/\.samovar is shown to no"):
        granted(["~/code"], home, [home / "code" / ".samovar"])


def test_any_file_of_tokens_closes_the_folder_that_holds_it(home):
    (home / ".cache" / "huggingface" / "token").unlink()
    with pytest.raises(SetupError, match="stored_tokens is shown to no"):
        granted(["~/.cache/huggingface"], home, [])
    (home / ".cache" / "huggingface" / "stored_tokens").unlink()
    place = home / ".cache" / "huggingface"
    assert granted(["~/.cache/huggingface"], home, []) == (place,)


def test_a_link_to_all_temporary_files_is_refused_and_a_folder_among_them_is_not(home):
    (home / "scratch").symlink_to("/var/tmp")
    with pytest.raises(SetupError, match="/var/tmp as a whole"):
        granted(["~/scratch"], home, [])
    with TemporaryDirectory(dir="/var/tmp") as place:
        assert granted([place], home, []) == (Path(place),)
