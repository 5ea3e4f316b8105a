"""Which folders of the machine a person may let the sandbox read besides the usual ones."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.sandboxes.interpreter import WIDE

_ALIVE = ("/proc", "/sys", "/dev", "/run")
"""Where the machine's devices, keyrings and doors to other programs are."""
_SECRET = (
    *(".ssh", ".gnupg", ".pki", ".password-store", ".local/share/keyrings", ".vault-token"),
    *(".aws", ".azure", ".kube", ".docker", ".terraform.d", ".config/gcloud", ".config/rclone"),
    *(".netrc", ".git-credentials", ".config/git/credentials", ".config/gh", ".config/glab-cli"),
    *(".pypirc", ".npmrc", ".yarnrc.yml", ".cargo/credentials", ".cargo/credentials.toml"),
    *(".m2/settings.xml", ".m2/settings-security.xml", ".gradle/gradle.properties"),
    *(".gem/credentials", ".composer/auth.json", ".config/composer/auth.json", ".nuget/NuGet"),
    *(".config/pip", ".pip", ".kaggle", ".config/kaggle"),
    *(".cache/huggingface/token", ".cache/huggingface/stored_tokens"),
    *(".pgpass", ".my.cnf", ".mozilla", ".thunderbird", ".config/chromium"),
    *(".config/google-chrome", ".bash_history", ".zsh_history"),
)
"""Where programs keep credentials, below a home."""


def granted(names: Sequence[str], home: Path, own: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders that the setting `readable` names; `~` is the home.

    `own` are the folders where samovar keeps keys. Raises SetupError for a folder that is not
    there, that is or holds the home or one of WIDE, or that holds credentials or lies among them.
    """
    return tuple(_granted(name, home, own) for name in names)


def _granted(name: str, home: Path, own: Sequence[Path]) -> Path:
    whole = f"{home}{name[1:]}" if name == "~" or name.startswith("~/") else name
    place = Path(os.path.normpath(whole))
    if not place.is_absolute() or not place.is_dir():
        raise SetupError(f"readable = {name!r}: there is no such folder; name it as ~/x or /x")
    for shown in (place.resolve(), place.parent.resolve() / place.name):
        for wide in (home, *map(Path, WIDE)):
            if wide.resolve().is_relative_to(shown):
                raise SetupError(f"readable = {name!r}: {wide} as a whole is shown to no sandbox")
        for secret in _secrets(home, own):
            if shown.is_relative_to(secret) or secret.is_relative_to(shown):
                raise SetupError(
                    f"readable = {name!r}: {secret} is shown to no sandbox; name the folders "
                    "beside it that are needed"
                )
    return place


def _secrets(home: Path, own: Sequence[Path]) -> Iterator[Path]:
    """Yield what no granted folder may hold or lie in, with its links followed."""
    yield from map(Path, _ALIVE)
    yield from (p.resolve() for p in own)
    yield from (p.resolve() for s in _SECRET if (p := home / s).exists())
