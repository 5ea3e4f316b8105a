"""The pages in a real browser: for everybody, quick, live, and deaf to hostile texts."""

import asyncio
import json
import statistics
from urllib.parse import quote

import browser
import hostile
import household
import pytest
import pytest_asyncio

from samovar.core.event import Overridden
from samovar.core.log import JsonlLog

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(browser.MISSING), reason=browser.MISSING),
]
RUN = "20261121-100000-solved-0001"
FAILED = "20261120-100000-failed-0002"
OPEN = "20261121-113000-stopped-0003"
PATHS = [
    *("/dashboard", "/runs", "/board", "/agents", "/agents/developer", "/org", "/credits"),
    *("/approvals", "/approvals/7", "/approvals/8", "/approvals/9", "/agents/writer", "/system"),
    *("/approvals/20261121-110000-waits-0001", f"/runs/{RUN}?at=6"),
    *(f"/runs/{RUN}", f"/runs/{FAILED}", f"/runs/{OPEN}", "/docs", "/nothing", "/login"),
]
EMPTY = ["/dashboard", "/runs", "/board", "/agents", "/org", "/credits", "/approvals", "/system"]
UNFOLD = "for (const each of document.querySelectorAll('details')) each.open = true"
WIDTHS = (320, 768, 1280)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with browser.chromium() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory, unused_tcp_port_factory):
    """A desk and its address."""
    port = unused_tcp_port_factory()
    desk = browser.busy_desk(tmp_path_factory.mktemp("browser") / "home", port)
    async with browser.served(desk, port) as base:
        yield desk, base


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def empty(tmp_path_factory, unused_tcp_port_factory):
    """A desk over a home in which nothing has happened yet, and its address."""
    port = unused_tcp_port_factory()
    home = tmp_path_factory.mktemp("empty") / "home"
    desk = household.desk(home, household.Team(), host=f"127.0.0.1:{port}")
    async with browser.served(desk, port) as base:
        yield desk, base


@pytest.mark.skipif(not browser.AXE.exists(), reason="axe-core is missing: make browser fetches it")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_page_is_for_everybody(chromium, place, path, scheme):
    await _is_for_everybody(chromium, *place, path, scheme)


@pytest.mark.skipif(not browser.AXE.exists(), reason="axe-core is missing: make browser fetches it")
@pytest.mark.parametrize("path", EMPTY)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_page_with_nothing_on_it_is_for_everybody(chromium, empty, path, scheme):
    await _is_for_everybody(chromium, *empty, path, scheme)


async def _is_for_everybody(chromium, desk, base, path, scheme) -> None:
    """Assert that axe finds nothing at any width, and that nothing is wider than its window."""
    axe = browser.AXE.read_text()
    context = await chromium.new_context(color_scheme=scheme, bypass_csp=True)
    page, _ = await browser.visit(context, base, desk)
    if path == "/login":
        await context.clear_cookies()
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(base + path)
        await page.evaluate(UNFOLD)
        await page.evaluate(axe)
        options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
        found = await page.evaluate(f"axe.run(document, {options})")
        said = [
            (v["id"], v["impact"], [n["html"][:160] for n in v["nodes"]][:3])
            for v in found["violations"]
        ]
        assert said == [], (path, scheme, width)
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{path} is wider than {width} pixels"
    await context.close()


@pytest.mark.slow  # so that make chaos runs it, too
@pytest.mark.parametrize("path", [*PATHS, "/saq/"])
async def test_a_page_obeys_its_own_policy_and_asks_nobody_else(chromium, place, path):
    desk, base = place
    context = await chromium.new_context()
    page, seen = await browser.visit(context, base, desk)
    await page.goto(base + path)
    await page.wait_for_timeout(300)
    assert await browser.violations(page) == []
    assert [e for e in seen.errors if "404 (Not Found)" not in e] == []
    assert seen.outside == []
    await context.close()


async def test_a_first_visit_is_light_and_quick(chromium, place):
    desk, base = place
    for path in ("/dashboard", f"/runs/{RUN}"):
        paints = []
        for _ in range(3):
            context = await chromium.new_context()
            page, _ = await browser.visit(context, base, desk)
            await page.goto(base + path, wait_until="load")
            paints.append(
                await page.evaluate(
                    """new Promise(done => new PerformanceObserver(list => {
                    for (const e of list.getEntries())
                      if (e.name === 'first-contentful-paint') done(e.startTime)
                    }).observe({type: 'paint', buffered: true}))"""
                )
            )
            weight = await page.evaluate(
                "performance.getEntriesByType('resource').concat(performance"
                ".getEntriesByType('navigation')).reduce((n, e) => n + e.encodedBodySize, 0)"
            )
            await context.close()
        assert weight < 100_000, path
        assert statistics.median(paints) < 500, path


@pytest.mark.parametrize("path", ["/dashboard", "/agents/writer", f"/runs/{RUN}"])
async def test_the_stream_opens_on_every_load(chromium, place, path):
    desk, base = place
    context = await chromium.new_context()
    page, _ = await browser.visit(context, base, desk)
    for _ in range(25):
        await page.goto(base + path)
        await page.wait_for_selector("#live[data-state=live]", timeout=5000)
    await context.close()


async def test_a_run_grows_on_the_open_page_and_survives_a_new_server(
    chromium, tmp_path, unused_tcp_port
):
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port, alone=True)
    log = JsonlLog(desk.home / "runs" / OPEN / "events.jsonl")
    context = await chromium.new_context()
    written = []

    def write() -> None:
        written.append(f"because {len(written)}")
        log.append(Overridden(phase="executing", by="me", why=written[-1]))

    async with browser.served(desk, unused_tcp_port) as base:
        page, _ = await browser.visit(context, base, desk)
        await page.goto(f"{base}/runs/{OPEN}")
        await page.wait_for_selector("#live[data-state=live]")
        for _ in range(5):
            write()
            await asyncio.sleep(0.05)
        await page.wait_for_selector("text=because 4", timeout=3000)
    await page.wait_for_selector("#live[data-state=lost]", timeout=5000)
    for _ in range(3):
        write()
    async with browser.served(desk, unused_tcp_port):
        write()
        await page.wait_for_selector("text=because 8", timeout=20_000)
        shown = await page.eval_on_selector_all(
            "#log .item .dim", "all => all.map(e => e.innerText)"
        )
        assert [s for s in shown if s.startswith("because")] == written
        ids = await page.eval_on_selector_all("#log > li[id]", "all => all.map(e => e.id)")
        assert len(ids) == len(set(ids))
        await page.click("#pause")
        write()
        await page.wait_for_timeout(500)
        assert await page.query_selector("text=because 9") is None
        await page.click("#pause")
        await page.wait_for_selector("text=because 9", timeout=5000)
        await context.close()


async def test_an_open_fold_and_the_focus_stay_when_a_part_is_renewed(
    chromium, tmp_path, unused_tcp_port
):
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port)
    context = await chromium.new_context()
    async with browser.served(desk, unused_tcp_port) as base:
        page, _ = await browser.visit(context, base, desk)
        await page.goto(f"{base}/board")
        await page.wait_for_selector("#live[data-state=live]")
        await page.click("#job-9 summary")
        await page.focus("#job-9 button")
        await desk.office.jobs.submit("a new card", "developer")
        desk.changed()
        await page.wait_for_selector("text=a new card", timeout=3000)
        assert await page.evaluate("document.querySelector('#job-9 details').open")
        assert await page.evaluate("!!document.activeElement.closest('#job-9')")
        await context.close()


async def test_a_conversation_goes_on_while_one_is_writing(chromium, tmp_path, unused_tcp_port):
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port)
    context = await chromium.new_context(viewport={"width": 1280, "height": 600})
    async with browser.served(desk, unused_tcp_port) as base:
        page, seen = await browser.visit(context, base, desk)
        await page.goto(f"{base}/agents/writer")
        await page.wait_for_selector("#live[data-state=live]")
        await page.fill("#text", "half a thought")
        for number in range(30):
            desk.office.roster.answer_back("writer", f"thought {number} of mine")
        desk.changed()
        await page.wait_for_selector("text=thought 29 of mine", timeout=5000)
        assert await page.input_value("#text") == "half a thought"
        assert await page.evaluate("document.activeElement.id") == "text"
        latest = page.locator(".talk li").last
        box, frame = await latest.bounding_box(), await page.locator(".thread").bounding_box()
        assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 2, "the latest is in view"
        assert seen.errors == []
        await context.close()


def echoing(texts: list[str]) -> list[str]:
    """Return addresses whose pages say what was asked for: no such page, and the way to log in."""
    ways = ("/", "/login?next=/")
    return [f"{ways[n % 2]}{quote(text, safe='')}" for n, text in enumerate(texts)]


@pytest.mark.slow  # so that make chaos runs it, too
async def test_hostile_texts_do_nothing_on_any_page(chromium, tmp_path, unused_tcp_port_factory):
    texts = [*hostile.EVERY, *hostile.MARKDOWN]
    for start in range(0, len(texts), 45):
        port = unused_tcp_port_factory()
        home = tmp_path / f"home{start}"
        desk = browser.busy_desk(home, port, "\n".join(texts[start : start + 45]))
        context = await chromium.new_context()
        async with browser.served(desk, port) as base:
            page, seen = await browser.visit(context, base, desk)
            for path in [*PATHS, *echoing(texts[start : start + 45])]:
                await page.goto(base + path)
                await page.evaluate(
                    "for (const d of document.querySelectorAll('details')) d.open = 1"
                )
                await page.wait_for_timeout(150)
                assert await page.evaluate("window.pwned") is None
                assert await browser.violations(page) == []
            assert seen.outside == []
            assert seen.dialogs == []
            assert [e for e in seen.errors if "404 (Not Found)" not in e] == []
            await context.close()


async def test_hostile_texts_that_arrive_live_do_nothing(chromium, tmp_path, unused_tcp_port):
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port)
    context = await chromium.new_context()
    log = JsonlLog(desk.home / "runs" / OPEN / "events.jsonl")
    async with browser.served(desk, unused_tcp_port) as base:
        page, seen = await browser.visit(context, base, desk)
        await page.goto(f"{base}/runs/{OPEN}")
        await page.wait_for_selector("#live[data-state=live]")
        for text in hostile.EVERY:
            log.append(Overridden(phase="executing", by=text, why=text))
        log.append(Overridden(phase="executing", by="me", why="the last one"))
        await page.wait_for_selector("text=the last one", timeout=10_000)
        await page.wait_for_timeout(300)
        assert await page.evaluate("window.pwned") is None
        assert await browser.violations(page) == []
        assert (seen.outside, seen.dialogs, seen.errors) == ([], [], [])
        await context.close()


async def test_everything_is_readable_and_works_without_script(chromium, tmp_path, unused_tcp_port):
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port)
    context = await chromium.new_context(java_script_enabled=False)
    async with browser.served(desk, unused_tcp_port) as base:
        page = await context.new_page()
        await page.goto(f"{base}/runs")
        await page.fill("#token", household.TOKEN)
        await page.click("text=Log in >> nth=-1")
        assert page.url == f"{base}/runs"
        for path in PATHS[:-2]:
            await page.goto(base + path)
            assert await page.inner_text("main")
        await page.goto(f"{base}/dashboard")
        assert await page.is_visible("text=Refresh")
        await page.fill("#text", "a task without script")
        await page.click("button:has-text('Submit')")
        assert "is in the queue of manager" in await page.inner_text("main")
        await context.close()
