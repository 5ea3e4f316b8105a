"""Three agents who pass numbers on: whatever happens to them, each says each number once."""

import json
import re
from collections import Counter
from pathlib import Path

NEXT = {"ada": "bob", "bob": "eve", "eve": "person"}
"""To whom each agent passes a number on."""


def hire(home: Path) -> None:
    """Write the resumes."""
    for name, heard in (("ada", []), ("bob", ["ada"]), ("eve", ["bob"])):
        folder = home / "agents" / name
        folder.mkdir(parents=True)
        resume = {"name": name, "instructions": "x", "permissions": {"read_outboxes": heard}}
        (folder / "resume.json").write_text(json.dumps(resume))


def choice(who: str, now: str) -> dict[str, str]:
    """Return what an agent chooses, by the two messages it is asked with: numbers go on."""
    name = re.match(r"You are (\w+)", who)
    assert name is not None
    inbox = now.partition("New messages:")[2].partition("What do you do now?")[0]
    numbers = re.findall(r"number \d+", inbox)
    action = "message" if numbers else "nothing"
    text = f"{name[1]} passes on {', '.join(numbers)}"
    return {"action": action, "to": NEXT[name[1]], "text": text}


def judge(home: Path, count: int) -> None:
    """Each agent said each number once, and its entries are numbered without a gap."""
    for name in NEXT:
        files = (home / "agents" / name / "outbox").glob("*.json")
        entries = [json.loads(path.read_bytes()) for path in files]
        assert sorted(e["seq"] for e in entries) == list(range(1, len(entries) + 1)), name
        said = Counter(int(n) for e in entries for n in re.findall(r"number (\d+)", e["text"]))
        assert said == Counter(range(count)), (name, said)
