"""A small team at work: its tasks, messages, credits and questions, for the tests of the pages."""

from datetime import timedelta

from household import NOW, Team

from samovar.org.seams import Approval, Job, LedgerEntry
from samovar.web.verbs import Agent, Mail


def team(hostile: str = "") -> Team:
    """Return a small team at work; a hostile text is put wherever a text can be."""
    said = hostile or "I looked at the failing tests; two belong to the parser."
    made = Team(said=hostile or "no model answers")
    rows = [
        ("manager", "plans and hands out work", "working", ("*people",), ("plan",)),
        ("developer", "writes code", "working", ("manager",), ("read_file", "edit_text", "shell")),
        ("reviewer", "reads every change", "ready", ("developer",), ("read_file", "search")),
        ("tester", "runs the tests", "waiting", ("developer", "reviewer"), ("shell",)),
        ("writer", "keeps the documents", "idle", ("manager", "developer"), ("write_file",)),
        ("researcher", "reads the web", "stopped", ("manager",), ("fetch", "memory", "send")),
    ]
    for place, (name, title, mood, reads, tools) in enumerate(rows):
        made.people.append(
            Agent(
                name=name,
                title=title,
                description=hostile or f"The team's {name}.",
                model="qwen2.5-coder-1.5b",
                mood=mood,
                task=hostile or "mend the parser" if mood == "working" else "",
                since=NOW - timedelta(minutes=place) if mood == "working" else None,
                last=hostile or "reviewed run 20261121",
                credits=0 if mood == "stopped" else 12_500_000 - place * 2_000_000,
                queued=place % 3,
                every=1 + place % 3,
                offset=place % 2,
                reads=tuple(r for r in reads if not r.startswith("*")),
                tools=tools,
                warnings=(
                    (
                        "reads the web, keeps private memory and sends without asking: text from "
                        "outside could make it leak. Take one of the three away.",
                    )
                    if name == "researcher"
                    else ()
                ),
                resume={"name": name, "instructions": said},
            )
        )
    states = ["running", "ready", "ready", "waiting", "failed", "done", "dead", "done", "ready"]
    for number, state in enumerate(states, 1):
        agent = made.people[number % 4].name
        made.jobs[number] = Job(
            id=number,
            agent=agent if state != "ready" else "developer",
            text=hostile or f"Mend what test {number} complains about in the parser of durations",
            state=state,
            position=number,
            attempts=1 + (state == "dead") * 2,
            reason=hostile or "no version passed the tests" if state in ("failed", "dead") else "",
            created=NOW - timedelta(minutes=50 - number),
            started=NOW - timedelta(minutes=20),
            created_by="manager",
        )
    for number in range(40):
        made.jobs[100 + number] = Job(
            id=100 + number,
            agent="writer",
            text=hostile or f"An old task, number {number}",
            state="done",
            position=100 + number,
            created=NOW - timedelta(days=13, hours=-7 * number),
            started=NOW - timedelta(days=12.5, hours=-7 * number),
            ended=NOW - timedelta(days=12.5, hours=-7 * number - 2),
        )
    for number in range(12):
        made.mail.append(
            Mail(
                id=f"m{number}",
                agent=made.people[number % 6].name,
                at=NOW - timedelta(minutes=3 * number),
                kind=("report", "message", "question", "task")[number % 4],
                text=said,
            )
        )
    left = {a.name: 15_000_000 for a in made.people}
    for number in range(90):
        agent = made.people[number * number % 6].name
        spent = 40_000 + (number * 7919) % 90_000
        left[agent] -= spent
        made.ledger.append(
            LedgerEntry(
                id=number,
                at=NOW - timedelta(minutes=(90 - number) * 40),
                agent=agent,
                amount=-spent,
                balance=left[agent],
                task=number % 9,
                model="qwen2.5-coder-1.5b",
                tokens=spent // 40,
                note=hostile,
            )
        )
    made.asked[7] = Approval(
        id=7,
        agent="developer",
        act="push",
        digest="ab" * 32,
        text=hostile or "push branch agent/developer/12 (3 commits) to origin\n\nmiddle.py | 2 +-",
        asked=NOW - timedelta(minutes=8),
        expires=NOW + timedelta(hours=20),
    )
    made.asked[8] = Approval(
        id=8,
        agent="researcher",
        act="fetch",
        digest="cd" * 32,
        text=hostile
        or "fetch https://docs.python.org/3/: it reaches other machines\n\n"
        'fetch {"url":"https://docs.python.org/3/library/"}',
        task=4,
        asked=NOW - timedelta(minutes=3),
    )
    made.asked[9] = Approval(
        id=9,
        agent="writer",
        act="question",
        digest="ef" * 32,
        text=hostile or "Shall the guide speak of Windows, too?",
        note="writer/77",
        asked=NOW - timedelta(minutes=2),
    )
    talk = (
        (True, "Is the README still true?"),
        (False, hostile or "The part about installing is not: it names the old command."),
        (True, "Then mend it."),
        (False, hostile or "Done in task 12:\n\n    pip install samovar\n\nis what it says now."),
        (False, hostile or "Shall the guide speak of Windows, too?"),
    )
    for number, (person, text) in enumerate(talk):
        ids = f"person:you/{number}" if person else f"writer/{number + 73}"
        made.mail.append(
            Mail(
                id=ids,
                agent="person:you" if person else "writer",
                at=NOW - timedelta(minutes=30 - 5 * number),
                kind="question" if ids == "writer/77" else "message",
                to=("writer",) if person else ("person",),
                text=text,
                person=person,
            )
        )
    return made
