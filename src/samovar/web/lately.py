"""What happened lately in a team: what was said, filed, begun, noted and what went wrong."""

from collections.abc import Sequence

from samovar.org.seams import Job
from samovar.web.happening import Happening, board_of, page_of
from samovar.web.verbs import Mail


def lately(
    mail: Sequence[Mail], jobs: Sequence[Job], acts: Sequence[Happening], most: int
) -> list[Happening]:
    """Return what happened, the latest first, at most so much of it."""
    found = [
        *(_said(m) for m in mail),
        *(_filed(j) for j in jobs if j.created is not None and j.created_by.startswith("person:")),
        *(_ended(j) for j in jobs if j.ended is not None and j.state != "done"),
        *acts,
    ]
    return sorted(found, key=lambda h: h.at, reverse=True)[:most]


def _said(mail: Mail) -> Happening:
    href = "" if mail.person else page_of(mail.agent)
    who = mail.agent.removeprefix("person:")
    return Happening(at=mail.at, who=who, what=mail.kind or "note", text=mail.text, href=href)


def _filed(job: Job) -> Happening:
    assert job.created is not None, "whoever lists it has looked"
    text = f"#{job.id} for {job.agent}: {job.text}"
    who = job.created_by.removeprefix("person:")
    return Happening(at=job.created, who=who, what="task", text=text, href=board_of(job.agent))


def _ended(job: Job) -> Happening:
    assert job.ended is not None, "whoever lists it has looked"
    text = f"#{job.id} {job.text}: {job.reason}"
    return Happening(
        at=job.ended, who=job.agent, what=job.state, text=text, href=board_of(job.agent)
    )
