"""A disk that is full: one clear line, nothing half done, and on when there is space again."""

import pytest
import small_disk


@pytest.mark.parametrize("size", ["40k", "80k", "160k", "1m"])
def test_a_full_disk_is_told_and_nothing_is_half_done(size, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(FULL)
    small_disk.run(size, script, tmp_path / "small")


FULL = """
import asyncio, os, pathlib, subprocess, sys
from samovar.core.errors import SetupError
from samovar.core.seams import Deed
from samovar.repo import git
place = pathlib.Path(sys.argv[1]); folder = place / "p"
os.environ["TMPDIR"] = str(place.parent)
def run(*words): subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
subprocess.run(["git", "init", "-q", "--template=", str(folder)], capture_output=True)
async def main():
    try:
        (folder / "f").write_text("x"); run("add", "f"); run("commit", "-qm", "x")
    except (OSError, subprocess.CalledProcessError):
        return
    repo = await git.open(folder)
    base = await repo.head()
    try:
        with open(place / "fill", "wb") as file:
            while True: file.write(b"x" * 512); file.flush()
    except OSError: pass
    text = "".join(f"{n * 7919}\\n" for n in range(20000))
    try:
        await repo.commit(Deed(base=base, branch="s", message="fix: x", changed={"f": text}))
        raise SystemExit("it cannot have fitted")
    except SetupError as error: assert "\\n" not in str(error), error
    try:
        (await repo.tree(base)).write_to(place / "out", {"g": text})
        raise SystemExit("it cannot have fitted")
    except SetupError as error: assert "space" in str(error), error
    os.unlink(place / "fill")
    assert "s" not in os.listdir(folder / ".git/refs/heads")
    try: made = await repo.commit(Deed(base=base, branch="s", message="fix: x", changed={"f": "y"}))
    except SetupError: return
    run("fsck", "--strict")
asyncio.run(main())
"""
