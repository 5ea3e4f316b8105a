"""Plain calls of the model: the bar that every harness has to clear."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from samovar.bench.grade import Grade, grade
from samovar.bench.sets import lay
from samovar.bench.work import Job, Made
from samovar.core.errors import ModelError, ToolError, Unreachable
from samovar.core.message import Message, Request, Sampling
from samovar.core.task import Edit, apply
from samovar.flow import answer
from samovar.flow.localise import rank, sources
from samovar.repo import git

SAMPLES = 5
TRIES = 8
WARM = Sampling(temperature=0.7, top_p=0.95)
_HERE = Path(__file__).parent / "prompts"


@dataclass(frozen=True)
class Part:
    """The file or the function that is asked for."""

    path: str
    before: str
    """The whole file."""
    symbol: str = ""
    text: str = ""
    first: int = 1
    last: int | None = None

    def read(self, said: str) -> str:
        """Return the new file. Raises ToolError when the answer holds none."""
        if not self.symbol:
            return answer.whole_file(said, self.path, self.before)
        text = answer.one_symbol(said, self.symbol, self.text)
        edit = Edit(self.path, text, self.first, self.last)
        return apply((edit,), {self.path: self.before})[self.path]


async def raw(job: Job) -> Made:
    """Ask once, greedily, and take what comes."""
    part = await _part(job)
    said = await _say(job, _question(job, part), Sampling())
    return _kept(job, part, said)


async def raw_best5(job: Job) -> Made:
    """Draw up to five samples; keep the first that is green, else the one with most tests passed.

    Needs visible tests.
    """
    part = await _part(job)
    asked = _question(job, part)
    best: tuple[int, str] = (-1, "")
    for number in range(SAMPLES):
        if _left(job) <= 0:
            break
        drawn = Sampling(temperature=WARM.temperature, top_p=WARM.top_p, seed=number + 1)
        said = await _say(job, asked, drawn)
        made = _kept(job, part, said)
        seen = await _tested(job, made)
        if seen.solved:
            return made
        if seen.passed > best[0]:
            best = (seen.passed, said)
    return _kept(job, part, best[1])


async def raw_retry8(job: Job) -> Made:
    """Ask greedily, show the tests' output in the same conversation, and ask again.

    Needs visible tests.
    """
    part = await _part(job)
    talk = _question(job, part)
    made = _kept(job, part, "")
    for _ in range(min(TRIES, job.budget.calls)):
        if _left(job) <= 0:
            break
        said = await _say(job, talk, Sampling())
        made = _kept(job, part, said)
        seen = await _tested(job, made)
        if seen.solved:
            break
        again = _prompt("again", output=seen.output)
        talk = (*talk, Message("assistant", said), Message("user", again))
    return made


async def _part(job: Job) -> Part:
    place = job.folder / "repo"
    lay(job.task, job.mode, place, job.over)
    named = job.task.facts.solution_files
    if named:
        path = place / named[0]
        return Part(named[0], path.read_text() if path.is_file() else "")
    repo = await git.open(place)
    files = sources(await repo.tree(await repo.head()))
    ranked = rank(job.task.text, files)
    if not ranked:
        raise ToolError(f"{job.task.facts.id} holds no function")
    found = ranked[0][1]
    return Part(found.path, files[found.path], found.name, found.text, found.first, found.last)


def _question(job: Job, part: Part) -> tuple[Message, ...]:
    if part.symbol:
        asked = _prompt("function", task=job.text.strip(), path=part.path, text=part.text)
        return (Message("user", asked),)
    shown = ""
    if job.mode == "vis":
        for name in job.task.facts.test_files:
            text = (job.folder / "repo" / name).read_text()
            shown += f"The tests, `{name}`:\n\n```python\n{text.rstrip()}\n```\n\n"
    asked = _prompt(
        "file", task=job.text.strip(), tests=shown, path=part.path, text=part.before.rstrip()
    )
    return (Message("user", asked),)


async def _say(job: Job, talk: tuple[Message, ...], drawn: Sampling) -> str:
    """Return the answer; an empty one where the model gave none, or the prompt became too long."""
    limit = min(job.budget.reply, _left(job))
    try:
        return (await job.count.reply(Request(messages=talk, limit=limit, sampling=drawn))).text
    except Unreachable:
        raise
    except ModelError:
        return ""


def _left(job: Job) -> int:
    return job.budget.generated - job.count.usage.generated


def _kept(job: Job, part: Part, said: str) -> Made:
    """Put the answer's file in its place; without one the file stays as it was."""
    work = job.folder / "repo"
    path = work / part.path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        text, why = part.read(said), "answered"
    except ToolError as error:
        text, why = part.before, str(error)
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    return Made(work=work, why=why)


async def _tested(job: Job, made: Made) -> Grade:
    """Run the visible tests; they are the same as the grader's."""
    return await grade(job.task, made.work, job.sandbox)


@cache
def _template(name: str) -> Template:
    return Template((_HERE / f"{name}.md").read_text())


def _prompt(name: str, **fields: str) -> str:
    return _template(name).substitute(fields).strip()
