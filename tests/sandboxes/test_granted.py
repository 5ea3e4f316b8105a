"""Which folders a person may let the sandbox read."""

from pathlib import Path

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
    (home / "open").symlink_to(home / ".ssh")
    (home / "sdk").symlink_to(home / "tools")
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    return tmp_path / "home" / "alice"


def test_folders_of_tools_are_granted_at_their_own_path(home):
    names = ["~/.cargo/bin", "~/.cargo/registry", f"{home}/tools/node", "~/sdk", "/usr/share"]
    shown = granted(names, home, [home / ".samovar"])
    assert [str(p) for p in shown] == [
        *[f"{home}/.cargo/bin", f"{home}/.cargo/registry", f"{home}/tools/node", f"{home}/sdk"],
        "/usr/share",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((n, "a home as a whole") for n in ("~", "~/", "/", "~/..", "~/tools/../../../disk")),
        *((n, r"\.ssh is shown to no") for n in ("~/.ssh", "~/.ssh/keys", "~/open", "~/open/keys")),
        ("~/tools/../.ssh", r"\.ssh is shown to no"),
        ("~/sdk/../.ssh", r"\.ssh is shown to no"),
        ("~/.cargo", r"credentials\.toml is shown to no"),
        ("~/.samovar", r"\.samovar is shown to no"),
        ("/proc/self", "/proc is shown to no"),
        ("/run", "/run is shown to no"),
        *((n, "no such folder") for n in ("tools", "~/none", "", "~bob/x", "~/.cargo/no.toml")),
    ],
)
def test_homes_and_credentials_never_are(home, name, why):
    with pytest.raises(SetupError, match=why):
        granted([name], home, [home / ".samovar"])


def test_what_holds_the_folder_of_samovar_holds_its_keys(home):
    (home / "code" / ".samovar").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"code/\.samovar is shown to no"):
        granted(["~/code"], home, [home / "code" / ".samovar"])
