"""Deliver: ask, commit, ask, push; each act is intended first, then done, and never done twice."""

import hashlib

from samovar.core.event import RUN, WAITS, Answered, Asked, Closed, Done, Event, Intended, marker
from samovar.core.seams import Deed
from samovar.core.state import State
from samovar.flow.commits import footer
from samovar.flow.kit import Kit
from samovar.flow.receipt import concluded
from samovar.flow.work import finished


async def deliver(kit: Kit, state: State) -> Event:
    """Return the next event of the delivery."""
    done = {d.act for d in state.done}
    if "commit" not in done:
        return await _commit(kit, state)
    if kit.push and "push" not in done and not _noes(state, "push"):
        return await _push(kit, state)
    # No hash: it holds the time of day, and what a team says of the same work is to be the same.
    told = f"committed on {state.branch}"
    pushed = [f", pushed to {d.result}" for d in state.done if d.act == "push"]
    stays = [f", not pushed: {' '.join(a.note.split()) or 'refused'}" for a in _noes(state, "push")]
    return Closed(outcome="".join([told, *(pushed or stays[-1:])]), ok=True)


async def _commit(kit: Kit, state: State) -> Event:
    changed = finished(state, kit.tree)
    diff = await kit.repo.diff(state.base, changed)
    digest = hashlib.sha256(diff.encode()).hexdigest()
    if _noes(state, "commit"):
        return Closed(outcome="the change was not kept", ok=False, exit_code=1)
    said = _answer(state, "commit", digest)
    if said is None:
        asked = Asked(act="commit", digest=digest)
        return await _ask(kit, state, asked, diff)
    key = marker(state.run)
    if not any(i.act == "commit" for i in state.intended):
        return Intended(act="commit", key=key)
    found = await kit.repo.find(state.branch, key)
    if not found:
        words = state.documented.message if state.documented else "chore: change"
        message = f"{words.rstrip()}\n\n{trailers(state)}"
        deed = Deed(base=state.base, branch=state.branch, message=message, changed=changed)
        found = await kit.repo.commit(deed)
    return Done(act="commit", key=key, result=found)


async def _push(kit: Kit, state: State) -> Event:
    commit = next(d.result for d in state.done if d.act == "commit")
    said = _answer(state, "push", commit)
    if said is None:
        asked = Asked(act="push", digest=commit)
        return await _ask(kit, state, asked, f"push {state.branch} at {commit[:12]}")
    if not any(i.act == "push" for i in state.intended):
        return Intended(act="push", key=commit)
    branch = state.branch
    there = await kit.repo.pushed(branch) or await kit.repo.push(branch)
    return Done(act="push", key=commit, result=there)


async def _ask(kit: Kit, state: State, asked: Asked, text: str) -> Event:
    """Record the question first, so that it is known while nobody has answered."""
    if asked not in state.asked:
        return asked
    word = await kit.ask(asked, text)
    if word is None:
        return Closed(outcome=f"waits for a person's yes to {asked.act}", ok=False, exit_code=WAITS)
    return Answered(act=asked.act, digest=asked.digest, yes=word.yes, by=word.by, note=word.note)


def _answer(state: State, act: str, digest: str) -> bool | None:
    """Return the answer given for exactly this act; one for another diff does not count."""
    given = [a.yes for a in state.answered if a.act == act and a.digest == digest]
    return given[-1] if given else None


def _noes(state: State, act: str) -> list[Answered]:
    return [a for a in state.answered if a.act == act and not a.yes]


def trailers(state: State) -> str:
    """Return the facts a commit carries: which run, and what was proved."""
    said = concluded(state)
    proof = f"{said.proof} ({said.why})" if said and said.passed else "none"
    model = ", ".join(name for name, _ in state.models)
    return footer({RUN: state.run, "Samovar-Model": model, "Samovar-Proof": proof})
