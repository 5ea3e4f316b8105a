"""Measure chat as a whole: `python -m samovar.bench.chat [--url URL] [--case ID] [--seed N]`.

Each case is a fresh repository and one message of a person who answers every question with no;
what came is judged by running it, never by what the agent says of itself.
"""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar import boot
from samovar.bench import machine
from samovar.bench.chat_cases import Case, cases
from samovar.bench.model import model
from samovar.bench.stats import mean, wilson
from samovar.boot import Choice
from samovar.companion.companion import Companion
from samovar.companion.seat import Seat
from samovar.core.errors import UNREADABLE, SamovarError, SetupError
from samovar.core.seams import Command, Host
from samovar.core.talk import Conversation, Offered, Replied, Used
from samovar.repo import git
from samovar.repo.command import run as run_git
from samovar.repo.home import home_of
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings
from samovar.tools.interpreter import own

OUT = Path("bench/results/chat.jsonl")
_SECONDS = 20.0
"""Limit of one probe."""


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case, talked through once."""

    case: str
    seed: int
    model: str
    label: str = ""
    """What was tried, such as another prompt."""
    commit: str = ""
    ok: bool
    why: str = ""
    """What does not hold."""
    end: str = ""
    answer: str = ""
    offered: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    """Tools in the order of their use; `!` marks those that failed."""
    steps: int = 0
    prompt: int = 0
    generated: int = 0
    seconds: float = 0.0


class Options(Struct, frozen=True, kw_only=True):
    """What a person asks for."""

    url: str = ""
    """Of a running server; empty takes the model that `samovar do` would take."""
    model: str = ""
    cases: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    label: str = ""
    out: Path = OUT
    keep: Path | None = None
    """Folder for the logs of the conversations; None keeps none."""


async def talk(
    case: Case, choice: Choice, sandbox: Host, keep: Path | None = None
) -> tuple[Conversation, str]:
    """Talk a case through; return the conversation and what does not hold, empty where all does.

    Its log is copied to `keep`.
    """
    async with AsyncExitStack() as stack:
        talker = await stack.enter_async_context(_seated(case, choice, sandbox))
        async for _ in talker.say(case.ask):
            pass
        assert talker.draft is not None, "begun"
        change = await talker.draft.change()
        if keep is not None:
            keep.parent.mkdir(parents=True, exist_ok=True)
            log = talker.seat.home / "runs" / talker.run / "events.jsonl"
            await asyncio.to_thread(shutil.copyfile, log, keep)
        return talker.talk, await judge(case, talker.talk.answer, change.paths, talker, sandbox)


async def judge(
    case: Case, answer: str, changed: Sequence[str], talker: Companion, sandbox: Host
) -> str:
    """Return what of a case does not hold, in one line; empty where all does."""
    assert talker.draft is not None, "begun"
    if case.may and not changed:
        return "nothing is changed"
    if stray := sorted(set(changed) - set(case.may)):
        return f"changed besides: {', '.join(stray)}"
    if missing := [w for w in case.says if not _said(answer, w)]:
        return f"the answer lacks {missing[0]}"
    texts = await asyncio.to_thread(_texts, talker.draft.root, {*case.files, *changed})
    path, wanted = case.has
    if wanted and wanted not in texts.get(path, ""):
        return f"{path} lacks {wanted!r}"
    if case.gone and any(case.gone in text for text in texts.values()):
        return f"{case.gone} still stands there"
    for number, probe in enumerate(case.probes, 1):
        if failed := await _failed(probe, talker.draft.root, sandbox):
            return f"probe {number}: {failed}"
    return ""


async def run(options: Options) -> int:
    """Measure what is missing in `out`, then print the table; return the exit code."""
    sandbox = await find_sandbox(False)
    wanted = [(s, c) for s in options.seeds for c in cases(s) if _wanted(c, options)]
    if not wanted:
        known = ", ".join(case.id for case in cases())
        raise SetupError(f"there is no such case; there are: {known}")
    async with AsyncExitStack() as stack:
        choice = await model(options.model, options.url, stack)
        name, rows = boot.shown(choice.endpoint.model), read(options.out)
        known_rows = {(r.case, r.seed, r.model, r.label) for r in rows}
        for seed, case in wanted:
            if (case.id, seed, name, options.label) in known_rows:
                continue
            log = options.keep / f"{case.id}-{seed}.jsonl" if options.keep else None
            row = await _row(case, seed, choice, sandbox, options.label, log)
            await asyncio.to_thread(_append, options.out, row)
            rows.append(row)
            sys.stderr.write(f"{case.id}/{seed} {'ok' if row.ok else row.why}\n")
    sys.stdout.write(table(rows))
    return 0


def table(rows: Sequence[Row]) -> str:
    """Return a line for each model and label, and what was wrong most."""
    lines = ["| model | label | solved | 95 % | generated | seconds |", "|---|---|---|---|---|---|"]
    for name, label in dict.fromkeys((r.model, r.label) for r in rows):
        some = [r for r in rows if (r.model, r.label) == (name, label)]
        good, total = sum(r.ok for r in some), len(some)
        low, high = wilson(good, total)
        spent, took = mean([r.generated for r in some]), mean([r.seconds for r in some])
        lines.append(
            f"| {name} | {label or '-'} | {good}/{total} | {low:.0%} to {high:.0%} "
            f"| {spent:.0f} | {took:.0f} |"
        )
    wrong = [f"- {r.case}/{r.seed} ({r.label or '-'}): {r.why}" for r in rows if not r.ok]
    return "\n".join([*lines, "", *wrong]) + "\n"


def read(path: Path) -> list[Row]:
    """Return the rows measured so far. Raises SetupError when the file holds something else."""
    try:
        return list(msgspec.json.Decoder(Row).decode_lines(path.read_bytes()))
    except FileNotFoundError:
        return []
    except UNREADABLE as error:
        raise SetupError(f"{path} holds other rows ({error}): name another --out") from error


async def _row(
    case: Case, seed: int, choice: Choice, sandbox: Host, label: str, keep: Path | None
) -> Row:
    began = time.monotonic()
    found, why = await talk(case, choice, sandbox, keep)
    used = [item.result for item in found.items if isinstance(item, Used)]
    return Row(
        case=case.id,
        seed=seed,
        model=boot.shown(choice.endpoint.model),
        label=label,
        commit=machine.commit(),
        ok=not why,
        why=why,
        end=found.ended.end if found.ended else "",
        answer=found.answer[:500],
        offered=next((i.tools for i in found.items if isinstance(i, Offered)), ()),
        used=tuple(f"{'' if u.ok else '!'}{u.call.tool}" for u in used),
        steps=sum(isinstance(item, Replied) for item in found.items),
        prompt=found.usage.prompt,
        generated=found.usage.generated,
        seconds=round(time.monotonic() - began, 1),
    )


@asynccontextmanager
async def _seated(case: Case, choice: Choice, sandbox: Host) -> AsyncIterator[Companion]:
    """Give a conversation over a fresh repository with the files of a case."""
    with tempfile.TemporaryDirectory(prefix="chat-", ignore_cleanup_errors=True) as made:
        # The sandbox may run under another user, who must be able to enter.
        Path(made).chmod(0o711)
        folder = Path(made) / "project"
        await _lay(case, folder)
        async with AsyncExitStack() as stack:
            repo = await git.open(folder)
            seat = Seat(repo, Settings(), home_of(repo), stack)
            seat.choice, seat.sandbox = choice, sandbox
            talker = Companion(seat)
            stack.callback(talker.close)
            yield talker


async def _lay(case: Case, folder: Path) -> None:
    for path, text in case.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-qm", "start")):
        done = await run_git("-C", str(folder), *words)
        if done.status:
            raise SetupError(f"git {words[0]}: {done.error.strip()}")


async def _failed(probe: str, root: Path, sandbox: Host) -> str:
    """Run a program beside the files; return its last line when it fails."""
    python = own()
    command = Command(
        argv=(python.python, "-c", probe),
        workspace=root,
        seconds=_SECONDS,
        readable=python.readable,
        environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "."},
    )
    ran = await sandbox.run(command)
    if ran.exit == 0:
        return ""
    last = (ran.output.strip() or f"exit {ran.exit}").splitlines()[-1]
    return f"{last[:160]}{f' ({ran.stopped})' if ran.stopped else ''}"


def _said(answer: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", answer, re.IGNORECASE) is not None


def _texts(root: Path, paths: set[str]) -> dict[str, str]:
    found = {}
    for path in paths:
        if (root / path).is_file() and not (root / path).is_symlink():
            found[path] = (root / path).read_text("utf-8", "replace")
    return found


def _append(path: Path, row: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as handle:
        handle.write(msgspec.json.encode(row) + b"\n")


def _wanted(case: Case, options: Options) -> bool:
    return not options.cases or case.id in options.cases


def options_of(words: Sequence[str]) -> Options:
    """Return the options a command line says."""
    parser = argparse.ArgumentParser(prog="samovar.bench.chat", description=__doc__)
    parser.add_argument("--url", default="", help="a running server")
    parser.add_argument("--model", default="")
    parser.add_argument("--case", action="append", dest="cases", default=[])
    parser.add_argument("--seed", action="append", dest="seeds", type=int)
    parser.add_argument("--label", default="", help="what is tried, for the table")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--keep", type=Path, help="folder for the logs of the conversations")
    said = vars(parser.parse_args(words))
    return Options(
        url=said["url"],
        model=said["model"],
        cases=tuple(said["cases"]),
        seeds=tuple(said["seeds"] or (0,)),
        label=said["label"],
        out=said["out"],
        keep=said["keep"],
    )


def main(words: Sequence[str]) -> int:
    """Run the bench; what a person can mend is one line and its exit code."""
    try:
        return asyncio.run(run(options_of(words)))
    except SamovarError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
