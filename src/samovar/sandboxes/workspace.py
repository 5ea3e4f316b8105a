"""The writable folder: handed to the sandbox's user before, removed whatever is in it after."""

import asyncio
import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

from samovar.core.errors import SetupError


def hand_over(folder: Path, uid: int) -> None:
    """Give a folder and all in it to a user; only root can, and only root needs to.

    Links are not followed. A file that has another name somewhere is left alone: that name might
    lie outside.
    """
    _give(os.fspath(folder), uid)
    waiting = [os.fspath(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as rows:
            for entry in rows:
                _give(entry.path, uid)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def vacant(folder: Path, name: str) -> bool:
    """Return whether a place in a workspace is free for another folder: nothing in it, no link.

    What lies there may be hostile: no link on the way is followed.
    """
    place = folder
    try:
        for part in PurePosixPath(name).parts:
            place = place / part
            if part in ("/", "..") or place.is_symlink() or place.is_file():
                return False
        return not place.exists() or not any(place.iterdir())
    except OSError:
        return False


async def lend(source: Path, folder: Path, name: str) -> None:
    """Copy a folder into a workspace where its place is free; its links stay links.

    Raises SetupError when it cannot.
    """
    if not vacant(folder, name):
        return
    (folder / name).mkdir(parents=True, exist_ok=True)
    said = await _tool("cp", "-aT", "--reflink=auto", "--", str(source), str(folder / name))
    if said:
        raise SetupError(f"cannot copy {source}: {said.splitlines()[0]}")


async def remove(folder: Path) -> None:
    """Remove a workspace, also one with folders nobody may enter, or ten thousand levels deep.

    Raises SetupError when something of it remains.
    """
    said = await _tool("rm", "-rf", "--", str(folder))
    if folder.exists():
        await _tool("chmod", "-R", "u+rwX", "--", str(folder))
        said = await _tool("rm", "-rf", "--", str(folder))
    if folder.exists():
        raise SetupError(f"cannot remove {folder}: {said.splitlines()[0] if said else 'no reason'}")


def _give(path: str, uid: int) -> None:
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        shared = not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1
        if found.st_uid != uid and not shared:
            os.chown(path, uid, uid, follow_symlinks=False)


async def _tool(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
    )
    _, said = await process.communicate()
    return said.decode("utf-8", "replace")
