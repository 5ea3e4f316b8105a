"""Chromium, a served home and what went wrong in it, for the browser tests."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import household
import small_team
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from samovar.app import Wish
from samovar.core.event import Closed, Entry, Opened
from samovar.core.task import Task
from samovar.web.desk import Desk
from samovar.web.server import serve
from samovar.workshop import Workshop

CHROMIUM = os.environ.get("SAMOVAR_CHROMIUM") or shutil.which("chromium") or ""
AXE = Path(__file__).parents[2] / ".venv" / "browser" / "axe.min.js"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"),
    *("--no-first-run", "--disable-component-update", "--disable-sync"),
)
MISSING = "" if CHROMIUM else "Chromium is not installed: apt install chromium"
WATCH = """
addEventListener('securitypolicyviolation', e => {
  (window.violations ??= []).push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`)
})
"""


@dataclass
class Seen:
    """What a page did that it should not."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def served(desk: Desk, port: int) -> AsyncIterator[str]:
    up = asyncio.Event()
    task = asyncio.create_task(serve(desk, port=port, ready=lambda _: up.set()))
    await asyncio.wait_for(up.wait(), 10)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        task.cancel()
        await asyncio.wait({task})


async def visit(context: BrowserContext, base: str, desk: Desk) -> tuple[Page, Seen]:
    """Return a page that is logged in and watched."""
    await context.add_cookies(
        [{"name": desk.cookie, "value": desk.keys.session(), "url": base, "sameSite": "Strict"}]
    )
    return await watched(context, base)


async def watched(context: BrowserContext, base: str) -> tuple[Page, Seen]:
    page, seen = await context.new_page(), Seen()
    await page.add_init_script(WATCH)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("dialog", lambda dialog: seen.dialogs.append(dialog.message))
    page.on(
        "console",
        lambda said: seen.errors.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on(
        "request",
        lambda asked: seen.outside.append(asked.url) if not asked.url.startswith(base) else None,
    )
    return page, seen


async def violations(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("window.violations ?? []")
    return found


class Worker:
    """An App whose runs go on until they are stopped."""

    def __init__(self, ask, live) -> None:
        self.live = live

    async def start(self, wish: Wish) -> AsyncIterator[Entry]:
        opened = Opened(run="20261121-130000-new-0001", task=Task(id="x", text=wish.text))
        yield Entry(0, datetime.now(UTC), opened)
        self.live("step", "planning")
        await asyncio.sleep(600)

    async def resume(self, run: str) -> AsyncIterator[Entry]:
        yield Entry(9, datetime.now(UTC), Closed(outcome="went on", ok=True))

    async def undo(self, run: str) -> str:
        return f"undid {run}"


@asynccontextmanager
async def _work(_home, ask, live):
    yield Worker(ask, live)


def busy_desk(home: Path, port: int, hostile: str = "", *, alone: bool = False) -> Desk:
    """Return a desk over a home in which there is something to see on every page."""
    household.home_with_runs(home, hostile)
    household.put_waiting(home)
    team = None if alone else small_team.team(hostile)
    shop = Workshop(_work)
    return household.desk(home, team, shop, f"127.0.0.1:{port}")
