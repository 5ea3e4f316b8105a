"""A text beside a commit: a git note in a place of samovar's own, which no log shows unasked."""

from collections.abc import Awaitable, Callable

from samovar.core.errors import SetupError
from samovar.repo.command import Result, must

NOTES = "refs/notes/samovar"
TIMES = 20
"""How often others may be first: each time one of them is done."""
_AUTHOR = ("-c", "user.name=Samovar", "-c", "user.email=samovar@localhost")
Run = Callable[..., Awaitable[Result]]


async def change(refs: Run, objects: Run, *act: str) -> None:
    """Do one act of `git notes`.

    `refs` runs git on the repository's references alone. `objects` runs it in a git directory of
    ours over the repository's objects: there the act is done, and nothing configured counts.
    Raises SetupError with what git says.
    """
    for _ in range(TIMES):
        old = (await refs("rev-parse", "--verify", "-q", NOTES)).text
        must(await objects("update-ref", *((NOTES, old) if old else ("-d", NOTES))))
        must(await objects(*_AUTHOR, "notes", f"--ref={NOTES}", *act))
        new = (await objects("rev-parse", "--verify", "-q", NOTES)).text
        if new == old:
            return
        moved = await refs("update-ref", "-m", "samovar", NOTES, new, old or "0" * len(new))
        if moved.status == 0:
            return
    raise SetupError(f"cannot move {NOTES}: others were first, {TIMES} times")
