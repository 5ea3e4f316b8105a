"""The rule of two against an oracle that tries every path (row I2)."""

import random

import pytest

from samovar.core.rules import Rule, Rules
from samovar.org.legs import OTHER, OUTSIDE, PRIVATE, UNTRUSTED
from samovar.org.resume import Permissions, Resume
from samovar.org.validate import Known, check_team

TOOLS = (*sorted(UNTRUSTED), *sorted(PRIVATE), *sorted(OUTSIDE), *sorted(OTHER), "mcp_x", "odd")


def team(seed: int) -> dict[str, Resume]:
    draw = random.Random(seed)
    names = [f"a{n}" for n in range(draw.randint(1, 9))]
    found: dict[str, Resume] = {}
    for name in names:
        tools = tuple(draw.sample(TOOLS, draw.choice([0, 0, 1, 1, 2, 3])))
        reads = tuple(draw.sample([*names, "*", "gone"], min(len(names), draw.randint(0, 2))))
        free = tuple(t for t in tools if draw.random() < 0.5)
        repos = ("..",) if draw.random() < 0.15 else ()
        permissions = Permissions(
            read_outboxes=reads, tools=tools, repositories=repos, ungated=free
        )
        found[name] = Resume(name=name, instructions="x", permissions=permissions)
    return found


def brute(team: dict[str, Resume]) -> set[str]:
    """Return who breaks the rule, by walking every chain of readers from scratch."""

    def heard(name: str, seen: tuple[str, ...]) -> set[str]:
        wanted = team[name].permissions.read_outboxes
        direct = set(team) if "*" in wanted else set(wanted) & set(team)
        all_of = {name}
        for other in direct - set(seen) - {name}:
            all_of |= heard(other, (*seen, name))
        return all_of

    def has(name: str, kind: frozenset[str]) -> bool:
        return any(t in kind or t.startswith("mcp") for t in team[name].permissions.tools)

    def private(name: str) -> bool:
        p = team[name].permissions
        return bool(p.repositories) or any(t in PRIVATE for t in p.tools)

    def acts(name: str) -> bool:
        p = team[name].permissions
        return any((t in OUTSIDE or t.startswith("mcp")) and t in p.ungated for t in p.tools)

    return {
        n
        for n in team
        if acts(n)
        and any(has(o, UNTRUSTED) for o in heard(n, ()))
        and any(private(o) for o in heard(n, ()))
    }


def test_every_agent_with_all_three_legs_is_flagged_and_no_other() -> None:
    flagged = 0
    for seed in range(1000):
        resumes = team(seed)
        said = {p.agent for p in check_team(resumes, Known()) if p.weight == "error"}
        assert said == brute(resumes), seed
        flagged += len(said)
    assert flagged > 200, "the graphs must have something to flag"


def test_the_reason_names_where_each_leg_comes_from() -> None:
    reader = Permissions(read_outboxes=("scout",), tools=("push",), ungated=("push",))
    resumes = {
        "scout": Resume(
            name="scout", instructions="x", permissions=Permissions(tools=("fetch", "read_file"))
        ),
        "pusher": Resume(name="pusher", instructions="x", permissions=reader),
    }
    [problem] = [p for p in check_team(resumes, Known()) if p.weight == "error"]
    assert problem.agent == "pusher"
    assert "push" in problem.wrong and "fetch of scout" in problem.wrong
    assert "read_file of scout" in problem.wrong


@pytest.mark.parametrize(
    ("rules", "flagged"),
    [
        (Rules(allow=(Rule(tool="fetch"),)), True),
        (Rules(allow=(Rule(tool="network"),)), True),
        (Rules(allow=(Rule(host="*"),)), True),
        (Rules(allow=(Rule(tool="fe*", host="*.example.org"),)), True),
        (Rules(allow=(Rule(tool="fetch", host="docs.python.org"),)), False),
        (Rules(allow=(Rule(tool="read_file"), Rule(tool="run"))), False),
        (Rules(allow=(Rule(tool="*"),), ask=(Rule(tool="fetch"),)), False),
        (Rules(allow=(Rule(tool="fetch"),), ask=(Rule(tool="*"),)), True),
        (Rules(allow=(Rule(tool="fetch"),), deny=(Rule(tool="network"),)), False),
        (Rules(), False),
    ],
)
def test_an_allow_rule_takes_the_persons_yes_away_as_ungated_does(
    rules: Rules, flagged: bool
) -> None:
    permissions = Permissions(tools=("fetch", "read_file"))
    agent = Resume(name="a", instructions="x", permissions=permissions)
    found = check_team({"a": agent}, Known(rules=rules))
    assert bool(found) == flagged
    if flagged:
        [problem] = found
        assert problem.weight == "error" and "allow rules of samovar.toml: fetch" in problem.line
