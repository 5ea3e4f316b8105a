"""`samovar do` on a small disk that is full, with ever more pages left, and then resumed.

Run by `test_full_disk.py` as `full_disk.py FOLDER`, a file system of its own beside a project; one
page more is left each time, until a run is held up no more.
"""

import contextlib
import gc
import io
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from small_disk import fill

from samovar.cli.main import app
from samovar.core.log import read
from samovar.core.state import replay

TEST = "python3 -c 'import test_sums; test_sums.test_two_numbers_are_added()'"
QUICK = ("--no-sandbox", "--yes", "--plain")
"""In a namespace of one user there is no sandbox; the tests of the example are harmless."""

CAUSES = ("No space left on device", "Out of diskspace")
"""What the system says, and what git says of it."""


class Trial:
    """A project on a small disk, and how its runs went."""

    def __init__(self, place: Path) -> None:
        self.place, self.project = place, place / "project"
        shutil.copytree(place.parent / "project", self.project)
        self.code = (self.project / "sums.py").read_text()
        self.tried = self.held_up = self.begun = 0

    def full(self, pages: int) -> bool:
        """Work on a task with so many pages left, then with all; say if the disk held it up."""
        words = ("do", f"add() subtracts; {pages} pages", "--test", TEST, *QUICK)
        known = set(self.runs())
        self.tried += 1
        fill(self.place / "fill", pages)
        code, said = self.samovar(*words)
        (self.place / "fill").unlink()
        held_up = code != 0
        if held_up:
            assert any(why in said for why in CAUSES) and said.count("\n") <= 2, (code, said)
            begun = [r for r in self.runs() if r not in known and read(self.log(r))]
            self.held_up += 1
            self.begun += len(begun)
            again = ("resume", begun[0], *QUICK) if begun else words
            code, said = self.samovar(*again)
        assert code == 0, (pages, said)
        [run] = [r for r in self.runs() if r not in known and read(self.log(r))]
        self.judge(run)
        return held_up

    def samovar(self, *words: str) -> tuple[int, str]:
        """Return how a command ended, and what it complained of."""
        told = io.StringIO()
        code: object = 0
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
            try:
                app([*words, "--repo", str(self.project)])
            except SystemExit as end:
                code = end.code
        gc.collect()
        return int(str(code)), told.getvalue()

    def judge(self, run: str) -> None:
        """One commit, a receipt that names it, the change, and an untouched tree."""
        state = replay(e.event for e in read(self.log(run)))
        assert state.closed is not None and state.closed.ok and len(state.done) == 1
        listed = self.git("log", "--branches", f"--grep=^Samovar-Run: {run}$", "--format=%H")
        assert listed.split() == [state.done[0].result]
        folder = self.log(run).parent
        assert json.loads((folder / "receipt.json").read_bytes())["commit"] == listed.strip()
        assert "+    return a + b" in (folder / "change.diff").read_text()
        assert (self.project / "sums.py").read_text() == self.code
        assert self.git("status", "--porcelain") == ""

    def runs(self) -> list[str]:
        folder = self.project / ".samovar" / "runs"
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []

    def log(self, run: str) -> Path:
        return self.project / ".samovar" / "runs" / run / "events.jsonl"

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.project, check=True, capture_output=True, text=True
        )
        return done.stdout


def main(place: Path) -> None:
    tempfile.tempdir = str(place / "tmp")
    Path(tempfile.tempdir).mkdir()
    trial = Trial(place)
    for pages in itertools.count():
        if not trial.full(pages):
            break
    assert list(Path(tempfile.tempdir).iterdir()) == [], "no copy is left behind"
    trial.git("fsck", "--strict")
    facts = {"tried": trial.tried, "held_up": trial.held_up, "begun": trial.begun}
    sys.stdout.write(json.dumps(facts))


main(Path(sys.argv[1]))
