"""What a person can do on the pages: plain forms, each answered with a page to go to."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, PathParameter
from litestar.response import Redirect

from samovar.core.errors import Missing, SetupError
from samovar.core.text import whole
from samovar.flow import kit
from samovar.org.choice import ALL
from samovar.org.credits import amount_of
from samovar.org.seams import NO_LIMIT
from samovar.web import always, conduct, onerun
from samovar.web.conduct import wish
from samovar.web.desk import Desk, office_of, workshop_of
from samovar.web.forms import fields
from samovar.web.guard import visit_of
from samovar.web.page import Page, ThePage
from samovar.web.views import questions
from samovar.web.words import MILLION

Asked = Request[Any, Any, Any]
Word = FromPath[str]
Number = Annotated[int, PathParameter(ge=0, le=2**53)]
LATE = 0.5
"""Seconds a wrong token costs whoever tries."""


@get("/login", include_in_schema=False)
async def login_page(request: Asked, page: ThePage) -> Response[bytes]:
    """Ask for the token."""
    return _login(request, page, "")


@post("/login", include_in_schema=False)
async def login(request: Asked, page: ThePage) -> Response[Any]:
    """Open a session for whoever has the token, or a fresh one-time code."""
    given = await fields(request)
    keys = page.desk.keys
    if not (keys.opens(given.get("token", "").strip()) or keys.spend(given.get("code", ""))):
        await asyncio.sleep(LATE)
        return _login(request, page, "This is not the token of this home.", 401)
    cookie = Cookie(
        key=page.desk.cookie,
        value=keys.session(),
        httponly=True,
        samesite="strict",
        secure=page.desk.secure,
        max_age=keys.days * 86_400,
        path="/",
    )
    return Redirect(_inside(given.get("next", "")), status_code=303, cookies=[cookie])


@post("/logout", include_in_schema=False)
async def logout(request: Asked, page: ThePage) -> Redirect:
    """End the session and its streams, so that it reads no further in any tab."""
    session = visit_of(request.scope).session
    page.desk.keys.end(session)
    page.desk.hub.leave(session)
    gone = Cookie(key=page.desk.cookie, value="", max_age=0, path="/", httponly=True)
    return Redirect("/login", status_code=303, cookies=[gone])


@post("/tasks", include_in_schema=False)
async def submit(request: Asked, page: ThePage) -> Redirect:
    """File a task, or send a message: with an agent where there is a team, else as a run here."""
    given = await fields(request)
    text = given.get("text", "").strip()
    if not text:
        raise SetupError("the task is empty; say what to do")
    if given.get("how") == "message":
        return await _wrote(request, page, given.get("agent", ""), text)
    push = "push" in given
    if page.desk.office is not None:
        agent, repo = given.get("agent", ""), given.get("repo", "")
        job = await page.desk.office.jobs.submit(text, agent, repo, push)
        return _said(request, page, "/dashboard", f"Task {job.id} is in the queue of {job.agent}.")
    workshop_of(page.desk).submit(page.desk.home, wish(page.desk, text, push=push))
    return _said(request, page, "/dashboard", "The task is accepted.")


@post("/runs/{run:str}/{verb:str}", include_in_schema=False)
async def act_on_run(request: Asked, page: ThePage, run: Word, verb: Word) -> Redirect:
    """Stop, go on with, retry or undo a run."""
    onerun.record_of(page.desk, run)
    match verb:
        case "stop":
            said = await conduct.stop(page.desk, run)
        case "resume":
            said = await conduct.resume(page.desk, run)
        case "retry":
            told = await conduct.retry(page.desk, run)
            return _said(request, page, "/dashboard", told)
        case "fork":
            return await _forked(request, page, run)
        case "undo":
            said = await conduct.undo(page.desk, run)
        case _:
            raise Missing(f"a run cannot be told to {verb[:20]!r}")
    return _said(request, page, f"/runs/{run}", said)


@post("/approvals/{id:str}", include_in_schema=False)
async def answer(request: Asked, page: ThePage, id: Word) -> Redirect:
    """Record a person's word on one exact act: the form carries the act's hash."""
    given = await fields(request)
    said = given.get("answer", "")
    if said not in ("yes", "no", "always"):
        raise SetupError("say approve or refuse")
    note, digest = given.get("note", "")[:1000], given.get("digest", "")
    if said == "always":
        told = await allow_always(page.desk, id, digest, note)
    else:
        told = await give_word(page.desk, id, digest, said == "yes", note)
    return _said(request, page, "/approvals", told)


async def allow_always(desk: Desk, id: str, digest: str, note: str) -> str:
    """Say yes, and then write the rule that allows calls like this one from now on.

    Return what was done. Raises SetupError, and then neither was done.
    """
    asked = await office_of(desk).words.approvals()
    found = next((a for a in asked if str(a.id) == id and a.digest == digest), None)
    rule = always.rule_of(found, desk.home) if found else None
    if rule is None:
        raise SetupError("no rule can say exactly this: approve it this once, or write one")
    told = await give_word(desk, id, digest, True, note)
    try:
        path = always.keep(rule, desk.home)
    except SetupError as error:
        return f"{told} But only this once: {error}"
    return f"{told} The rule stands in {path}; it counts when the engine is started again."


async def give_word(desk: Desk, id: str, digest: str, yes: bool, note: str) -> str:
    """Answer a question of a run or of an agent; return what was done. Raises SetupError."""
    word = "Approved" if yes else "Refused"
    number = whole(id, 15)
    if number is not None and desk.office is not None:
        done = await desk.office.words.answer(number, digest, yes, note)
        desk.changed()
        if done.act == "question":
            return f"{done.agent} has your answer: {'yes' if yes else 'no'}."
        return f"{word}: {done.act} of {done.agent}."
    onerun.record_of(desk, id)
    waits = next((q for q in await questions(desk) if q.run == id), None)
    if waits is None:
        raise SetupError(f"run {id} asks nothing, or its agent does; see Approvals")
    if waits.asked.digest != digest:
        raise SetupError("what would be done has changed since you looked: look again")
    workshop_of(desk).answer(desk.shelf.app_of(id).home, id, waits.asked, kit.Word(yes, note=note))
    return f"{word}: {waits.asked.act} of run {id}."


@post("/jobs/{id:int}/{verb:str}", include_in_schema=False)
async def act_on_job(request: Asked, page: ThePage, id: Number, verb: Word) -> Redirect:
    """Move, reorder, cancel or revive a job."""
    given = await fields(request)
    jobs = office_of(page.desk).jobs
    match verb:
        case "move":
            job = await jobs.move(id, given.get("agent", ""))
            said = f"Task {id} is with {job.agent} now."
        case "first" | "before":
            await jobs.reorder(id, _number(given.get("before", "0")))
            said = f"Task {id} has a new place."
        case "cancel":
            await jobs.cancel(id, given.get("note", "")[:200] or "cancelled by a person")
            said = f"Task {id} is cancelled."
        case "revive":
            await jobs.revive(id)
            said = f"Task {id} is ready again."
        case _:
            raise Missing(f"a task cannot be told to {verb[:20]!r}")
    return _said(request, page, _inside(given.get("back", "/board")), said)


@post("/orders/{id:int}/drop", include_in_schema=False)
async def drop(request: Asked, page: ThePage, id: Number) -> Redirect:
    """Take back an order of this server that has not begun, or stop it."""
    workshop_of(page.desk).drop(id)
    return _said(request, page, "/dashboard", "Taken back.")


@post("/system/doctor", include_in_schema=False)
async def examine(request: Asked, page: ThePage) -> Redirect:
    """Ask the doctor again; its report appears on the page when it is there."""
    page.desk.checkup.begin(page.desk.changed)
    return _said(request, page, "/system", "The doctor is looking; its report appears below.")


@post("/agents/{name:str}/messages", include_in_schema=False)
async def write_to(request: Asked, page: ThePage, name: Word) -> Redirect:
    """Send a message to an agent."""
    text = (await fields(request)).get("text", "").strip()
    if not text:
        raise SetupError("the message is empty")
    return await _wrote(request, page, name, text)


@post("/credits", include_in_schema=False)
async def grant(request: Asked, page: ThePage) -> Redirect:
    """Give credits to an agent, take some back, or change what it may spend a day."""
    given = await fields(request)
    agent, purse = given.get("agent", ""), office_of(page.desk).purse
    if given.get("how") == "limit":
        per_day = given.get("per_day", "").strip()
        await purse.limit(agent, amount_of(per_day) if per_day else NO_LIMIT)
        said = f"may spend {per_day} credits a day" if per_day else "has no daily limit"
        return _said(request, page, "/credits", f"{agent} {said}.")
    amount = _amount(given.get("amount", ""))
    amount = -amount if given.get("how") == "take" else amount
    await purse.grant(agent, amount)
    return _said(request, page, "/credits", f"{agent} has {amount / MILLION:+g} credits.")


async def _forked(request: Asked, page: Page, run: str) -> Redirect:
    """Begin a new run from the front of another one, and go there."""
    given = await fields(request)
    at, note = _number(given.get("at", "")), given.get("note", "")[:2000]
    name = await conduct.branch_off(page.desk, run, at, note)
    return _said(request, page, f"/runs/{name}", f"A new run goes on from there; {run} stays.")


async def _wrote(request: Asked, page: Page, name: str, text: str) -> Redirect:
    """Send a message and go to the conversation, ready for the next one."""
    if not name:
        raise SetupError("choose whom you write to: a task finds its agent, a message does not")
    await office_of(page.desk).roster.send(name, text)
    if name == ALL:
        return _said(request, page, "/dashboard", "Sent; every agent reads it in its next turn.")
    target = f"/agents/{quote(name, safe='')}#text"
    return _said(request, page, target, f"Sent; {name} reads it in its next turn.")


def _login(request: Asked, page: Page, wrong: str, status: int = 200) -> Response[bytes]:
    data = {
        "wrong": wrong,
        "next": _inside(request.query_params.get("next", "")),
        "code": request.query_params.get("code", "")[:100],
        "name": "login",
    }
    return page.respond(request, "login.html", data, status)


def _said(request: Asked, page: Page, target: str, text: str) -> Redirect:
    """Go to a page and say there what was done."""
    session = visit_of(request.scope).session
    if session:
        page.desk.notes[session] = text
    page.desk.changed()
    return Redirect(target, status_code=303)


def _inside(target: str) -> str:
    """Return an address of ours; anything that could lead elsewhere becomes the dashboard."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and target[:2] != "//" else "/dashboard"


def _number(text: str) -> int:
    number = whole(text, 15)
    if number is None:
        raise SetupError(f"{text[:20]!r} is no number of a task or an entry")
    return number


def _amount(text: str) -> int:
    try:
        value = float(text)
    except ValueError as error:
        raise SetupError(f"{text[:20]!r} is no number of credits") from error
    if not -1e9 <= value <= 1e9:
        raise SetupError("an amount lies between -1,000,000,000 and 1,000,000,000 credits")
    return round(value * MILLION)
