"""What each page shows: plain data, collected from the runs and the team."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from samovar.core.errors import Missing
from samovar.core.text import whole
from samovar.org.seams import Approval, Job, JobState, LedgerEntry
from samovar.web import always, columns
from samovar.web.calls import RUNS, Called, paces
from samovar.web.commission import all_runs, commissions, signed
from samovar.web.desk import Desk, office_of
from samovar.web.happening import Happening
from samovar.web.lately import lately
from samovar.web.onerun import NOTHING, change_of, pushed
from samovar.web.origin import origin
from samovar.web.plots import bars, credits, flow, graph, heat, spark
from samovar.web.shelf import Question, RunLine
from samovar.web.verbs import Agent, Status
from samovar.web.waiting import waiting
from samovar.web.words import short

Query = Mapping[str, str]
Data = dict[str, Any]

PAGE = 200
"""Rows of a table before it is cut."""
RECENT = 20
FILTERS = ("q", "state", "agent", "days")
"""Of the runs, in the address."""
LOGGED, SLOWEST, DEAREST = 20, 5, 10
NARROW = 440
"""Width of a plot beside other things."""


async def team(desk: Desk, _query: Query) -> Data:
    """Return the first page: what waits for me, who works on what, what it cost."""
    lines = await all_runs(desk)
    today = datetime.now(UTC).date()
    ran = [r for r in lines if r.at.date() == today]
    asked = await questions(desk)
    data: Data = {
        "waiting": waiting(asked, (), (), ()),
        "orders": _open_orders(desk),
        "runs": lines[:RECENT],
        "active": [r for r in lines if r.state == "running"],
        "today": _totals(ran, ()),
        "agents": (),
        "jobs": (),
        "lately": (),
    }
    if desk.office is None:
        return data
    office = desk.office
    jobs, status = await office.jobs.tasks(), await office.roster.status()
    ended = [j for j in jobs if j.ended is not None and j.ended.date() == today]
    everybody = await office.roster.agents()
    return data | {
        "waiting": waiting(
            asked, await office.words.approvals(), jobs, {a.name for a in everybody}
        ),
        "today": _totals(ran, ended) | {"spent": await office.purse.spent_today()},
        "agents": everybody,
        "turns": {a.name: next_turn(a, status) for a in everybody},
        "jobs": [j for j in jobs if j.state == "running"],
        "lately": lately(
            await office.roster.messages(limit=RECENT), jobs, await office.roster.acts(), RECENT
        ),
        "status": status,
    }


async def runs(desk: Desk, query: Query) -> Data:
    """Return the runs that fit the filters."""
    bought = await commissions(desk)
    lines = [signed(r, bought.get(r.run)) for r in desk.shelf.lines()]
    state, agent, text = query.get("state", ""), query.get("agent", ""), query.get("q", "").lower()
    since = _since(query.get("days", ""))
    fit = [
        r
        for r in lines
        if state in ("", r.state)
        and agent in ("", r.agent)
        and (since is None or r.at >= since)
        and text in f"{r.title} {r.run} {r.agent} {r.outcome}".lower()
    ]
    page = _page(query)
    return {
        "runs": fit[page * PAGE : (page + 1) * PAGE],
        "found": len(fit),
        "page": page,
        "more": len(fit) > (page + 1) * PAGE,
        "counts": Counter(r.state for r in lines),
        "all": len(lines),
        "bought": bought,
        "kept": urlencode({name: query[name] for name in FILTERS if query.get(name)}),
    }


async def board(desk: Desk, query: Query) -> Data:
    """Return the jobs in columns; without a team, the runs."""
    agent = query.get("agent", "")
    lines = desk.shelf.lines()
    pages = {r.run: r.page for r in lines if r.page}
    if desk.office is None:
        shown = columns.of_runs(lines)
        return {"columns": shown, "pages": pages, "agents": (), "agent": "", "flow": ""}
    jobs = await desk.office.jobs.tasks(agent)
    now = datetime.now(UTC)
    history = flow.levels(jobs, now)
    earlier, later = columns.neighbours(jobs, now)
    return {
        "flow": flow.cumulative(history),
        "flow_words": flow.summary(history) if history else "",
        "levels": history[:: flow.SAMPLES // 10],
        "columns": columns.of_tasks(jobs, await desk.office.words.approvals(), now),
        "pages": pages,
        "earlier": earlier,
        "later": later,
        "agents": [a.name for a in await desk.office.roster.agents()],
        "agent": agent,
        "now": now,
    }


async def agents(desk: Desk, _query: Query) -> Data:
    """Return everybody."""
    if desk.office is None:
        return {"agents": ()}
    return {"agents": await desk.office.roster.agents()}


async def agent(desk: Desk, query: Query) -> Data:
    """Return one agent with its queue, its credits and what it said. Raises Missing."""
    name = query["name"]
    office = office_of(desk)
    found = next((a for a in await office.roster.agents() if a.name == name), None)
    if found is None:
        raise Missing(f"there is no agent {name!r} here")
    status = await office.roster.status()
    lines = [e for e in await office.purse.entries() if e.agent == name]
    jobs = [j for j in await office.jobs.tasks(name) if j.state not in ("done", "cancelled")]
    return {
        "agent": found,
        "ticks": due(found, status.tick),
        "jobs": jobs[:PAGE],
        "queued": len(jobs),
        "messages": await office.roster.messages(name, 50),
        "talk": await office.roster.talk(name),
        "asked": {a.note: a.id for a in await office.words.approvals() if a.act == "question"},
        "engine": status.engine,
        "papers": await office.roster.papers(name),
        "plot": credits.balance_plot(lines, time.time(), NARROW),
        "forecast": _forecast(lines),
        "limit": (await office.purse.limits([name])).get(name),
    }


async def org(desk: Desk, _query: Query) -> Data:
    """Return who may read whom."""
    if desk.office is None:
        return {"agents": (), "plot": ""}
    everybody = await desk.office.roster.agents()
    reads = {a.name: a.reads for a in everybody}
    marked = [a.name for a in everybody if a.warnings]
    read_by = {a.name: [b.name for b in everybody if a.name in b.reads] for a in everybody}
    return {
        "agents": everybody,
        "read_by": read_by,
        "marked": [a for a in everybody if a.warnings],
        "plot": graph.permissions(reads, marked),
    }


async def credit(desk: Desk, _query: Query) -> Data:
    """Return what was spent and what is left; without a team, the tokens of the runs."""
    spent, names = _tokens(desk.shelf.lines())
    slow = sorted(_calls(desk), key=lambda c: -c.seconds)[:SLOWEST]
    data: Data = {
        "slow": slow,
        "tokens": bars.stacked("Tokens a day", spent, names, short),
        "token_days": spent,
        "token_names": names,
        "courses": (),
        "plot": "",
        "balances": {},
    }
    if desk.office is None:
        return data
    purse = desk.office.purse
    lines = await purse.entries()
    now = time.time()
    courses = credits.courses(lines, now)
    first = datetime.now(UTC).date() - timedelta(days=bars.MOST - 1)
    days = await purse.days(first)
    spenders = sorted({n for d in days.values() for n in d})
    shown = {d: {n: v / 1e6 for n, v in s.items()} for d, s in days.items()}
    balances = await purse.balances()
    return data | {
        "plot": credits.balance_plot(lines, now),
        "legend": credits.legend([c.agent for c in courses]),
        "balances": balances,
        "limits": await purse.limits(list(balances)),
        "models": _dearest(await purse.spent_by("model")),
        "dear": _dearest(await purse.spent_by("task"))[:DEAREST],
        "forecasts": {c.agent: credits.forecast(c) for c in courses},
        "days": shown,
        "spenders": spenders,
        "spent": bars.stacked("Credits spent a day", shown, spenders, lambda v: f"{v:.3g}"),
        "lines": list(reversed(lines[-RECENT:])),
    }


def _dearest(spent: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what was spent by name, the most first."""
    return sorted(spent.items(), key=lambda each: (-each[1], each[0]))


async def approvals(desk: Desk, _query: Query) -> Data:
    """Return what waits for a person."""
    asked: Sequence[Approval] = ()
    if desk.office is not None:
        asked = await desk.office.words.approvals()
    return {"questions": await questions(desk), "approvals": asked}


async def system(desk: Desk, _query: Query) -> Data:
    """Return how the machinery does."""
    status, jobs = Status(), list[Job]()
    depths: Mapping[str, Mapping[JobState, int]] = {}
    turns: heat.Turns = {}
    log: Sequence[str] = ()
    acts: Sequence[Happening] = ()
    if desk.office is not None:
        status = await desk.office.roster.status()
        jobs, depths = list(await desk.office.jobs.tasks()), await desk.office.jobs.counts()
        turns, log = await desk.office.roster.turns(), await desk.office.roster.log(LOGGED)
        acts = await desk.office.roster.acts()
    return {
        "status": status,
        "depths": depths,
        "dead": [j for j in jobs if j.state == "dead"],
        "held": [j for j in jobs if j.state == "running"],
        "heat": heat.strip(turns, status.tick),
        "heat_words": heat.summary(turns, status.tick),
        "heat_rows": heat.rows(turns, status.tick),
        "log": log,
        "paces": [(p, spark.latency(p.latest, p.model)) for p in paces(_calls(desk))],
        "failures": Counter(a.model for a in acts if a.model),
        "facts": _server(desk),
        "checkup": desk.checkup,
        "orders": desk.workshop.orders if desk.workshop else [],
        "bells": desk.office is not None and desk.office.bells is not None,
    }


async def approval(desk: Desk, query: Query) -> Data:
    """Return one question, of an agent by its number or of a run by its name, open or not."""
    id = query.get("id", "")
    number = whole(id, 15)
    data: Data = {"approval": None, "waits": None, "rule": ""}
    if number is not None and desk.office is not None:
        asked = await desk.office.words.approval(number)
        return data | (await _about(desk, asked) if asked else {})
    waits = next((q for q in await questions(desk) if q.run == id), None)
    if waits is None:
        return data
    change = change_of(desk, id)
    fits = waits.asked.act != "commit" or change.digest == waits.asked.digest
    return data | {"waits": waits, "change": change, "fits": fits}


async def _about(desk: Desk, approval: Approval) -> Data:
    """Return what a question of an agent is about: its task, and who filed what that came from."""
    jobs = {j.id: j for j in await office_of(desk).jobs.tasks()}
    found: list[Job] = []
    job = jobs.get(approval.task)
    while job is not None and job not in found:
        found.append(job)
        job = jobs.get(job.parent)
    rule = always.rule_of(approval, desk.home)
    run = found[0].run if found else ""
    commit = pushed(desk, run, approval)
    return {
        "approval": approval,
        "commit": commit,
        "change": change_of(desk, run) if commit else NOTHING,
        "chain": found,
        "read": origin(desk, run, approval.asked),
        "rule": always.shown(rule) if rule else "",
        "rule_words": always.words(rule) if rule else "",
        "rule_file": desk.home / "samovar.toml",
    }


async def questions(desk: Desk) -> list[Question]:
    """Return what runs ask of people; a run of an agent's task asks through its agent instead."""
    found = desk.shelf.questions()
    if desk.office is None or not found:
        return found
    theirs = await desk.office.jobs.works()
    return [q for q in found if q.run not in theirs]


def due(agent: Agent, tick: int) -> list[tuple[int, bool]]:
    """Return the next ten ticks, and whether the agent runs in them."""
    every = max(agent.every, 1)
    return [(t, t % every == agent.offset % every) for t in range(tick + 1, tick + 11)]


def next_turn(agent: Agent, status: Status) -> str:
    """Return the tick in which an agent looks into its inbox next; `idle` while none comes."""
    if not status.engine or agent.mood in ("broken", "stopped"):
        return "idle"
    every, first = max(agent.every, 1), status.tick + 1
    return str(first + (agent.offset - first) % every)


def _server(desk: Desk) -> dict[str, str]:
    """Return what is to be known of this server; the sandbox once the doctor has tried it."""
    desk.checkup.once(desk.changed)
    found = {name: desk.checkup.text(name) for name in ("git", "sandbox")}
    tried = {name: text for name, text in found.items() if text}
    return {**desk.facts, **tried, "open live streams": str(desk.hub.listeners)}


def _open_orders(desk: Desk) -> list[Any]:
    if desk.workshop is None:
        return []
    # An order that ended well is a run in the list; one that failed says why, until the next.
    orders = desk.workshop.orders
    return [o for o in orders if o.open] + [o for o in orders[:3] if o.stage == "failed"]


def _totals(lines: Sequence[RunLine], jobs: Sequence[Job]) -> Data:
    return {
        "done": _distinct(lines, jobs, ("done",)),
        "failed": _distinct(lines, jobs, ("failed", "dead")),
        "tokens": sum(r.usage.prompt + r.usage.generated for r in lines),
        "proved": sum(r.proof is not None for r in lines),
    }


def _distinct(lines: Sequence[RunLine], jobs: Sequence[Job], states: tuple[str, ...]) -> int:
    """Return how many tasks came to these states; a task and the run that worked on it are one."""
    runs = {r.run for r in lines if r.state in states and not r.talk}
    return len(runs | {j.run or f"task {j.id}" for j in jobs if j.state in states})


def _tokens(lines: Sequence[RunLine]) -> tuple[dict[str, dict[str, float]], list[str]]:
    names = ["prompt, cached", "prompt, read", "generated"]
    days: dict[str, dict[str, float]] = {}
    for run in lines:
        if not run.usage.prompt and not run.usage.generated:
            continue
        day = days.setdefault(run.at.strftime("%Y-%m-%d"), dict.fromkeys(names, 0))
        day[names[0]] += run.usage.cached
        day[names[1]] += run.usage.prompt - run.usage.cached
        day[names[2]] += run.usage.generated
    return days, names


def _forecast(lines: Sequence[LedgerEntry]) -> str:
    found = credits.courses(lines, time.time())
    return credits.forecast(found[0]) if found else ""


def _calls(desk: Desk) -> list[Called]:
    """Return the model calls of the latest runs."""
    runs = [r.run for r in desk.shelf.lines()[:RUNS]]
    return desk.calls.of([desk.shelf.app_of(r).folder(r) / "events.jsonl" for r in runs])


def _since(days: str) -> datetime | None:
    back = whole(days, 4)
    return None if back is None else datetime.now(UTC) - timedelta(days=back)


def _page(query: Query) -> int:
    return min(whole(query.get("page", "0"), 6) or 0, 10_000)
