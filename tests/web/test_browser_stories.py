"""Things people do, each with the keyboard alone, and one with the mouse."""

import browser
import household
import msgspec
import pytest
import pytest_asyncio

from samovar.app import Wish

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(browser.MISSING), reason=browser.MISSING),
]
WAITS = "20261121-110000-waits-0001"
FAILED = "20261120-100000-failed-0002"
SOLVED = "20261121-100000-solved-0001"
NAME = """() => {
  const e = document.activeElement
  if (e === document.body) return []
  const label = e.labels?.[0]?.innerText ?? ''
  return [e.getAttribute('aria-label'), label, e.innerText, e.placeholder, e.id]
    .filter(Boolean).map(t => t.replace(/\\s+/g, ' ').trim())
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with browser.chromium() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def at(chromium, tmp_path, unused_tcp_port):
    """A page of a fresh home: go to a path and get it."""
    desk = browser.busy_desk(tmp_path / "home", unused_tcp_port)
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    async with browser.served(desk, unused_tcp_port) as base:
        page, _ = await browser.visit(context, base, desk)
        page.desk, page.base = desk, base
        yield page
        await context.close()


async def reach(page, name: str, start: str = "") -> None:
    """Press Tab until the focus is on what is called so; `start` must have been passed first."""
    passed = not start
    for _ in range(160):
        await page.keyboard.press("Tab")
        found = await page.evaluate(NAME)
        passed = passed or any(f.startswith(start) for f in found)
        if passed and any(f.startswith(name) for f in found):
            style = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(style) != "none", f"the focus on {name} is visible"
            return
    raise AssertionError(f"{name} cannot be reached with Tab")


async def press(page, name: str, start: str = "") -> None:
    await reach(page, name, start)
    await page.keyboard.press("Enter")
    await page.wait_for_timeout(150)
    await page.wait_for_load_state()


async def told(page) -> str:
    return await page.inner_text(".note")


async def test_log_in_and_skip_to_the_content(at):
    await at.context.clear_cookies()
    await at.goto(f"{at.base}/login")
    await at.keyboard.type(household.TOKEN)
    await at.keyboard.press("Enter")
    await at.wait_for_url("**/dashboard")
    await press(at, "Skip to content")
    assert await at.evaluate("document.activeElement.id") == "main"


async def test_give_a_task_to_an_agent(at):
    await at.goto(f"{at.base}/dashboard")
    await reach(at, "text")
    await at.keyboard.type("mend the clock")
    await reach(at, "agent")
    await at.keyboard.type("writer")
    await reach(at, "Submit")
    await at.keyboard.press("Enter")
    await at.wait_for_selector(".note")
    assert "is in the queue of writer" in await told(at)


async def test_approve_what_an_agent_asks(at):
    await at.goto(f"{at.base}/dashboard")
    await press(at, "developer: push?")
    await press(at, "Approve", start="Note")
    await at.wait_for_selector(".note")
    assert await told(at) == "Approved: push of developer."


async def test_refuse_what_a_run_asks(at):
    await at.goto(f"{at.base}/approvals")
    await press(at, "commit")
    await press(at, "Refuse")
    await at.wait_for_selector(".note")
    assert await told(at) == f"Refused: commit of run {WAITS}."


async def test_stop_what_is_running(at):
    at.desk.workshop.submit(at.desk.home, Wish(text="a long task"))
    await at.goto(f"{at.base}/dashboard")
    await at.wait_for_selector("text=planning")
    await press(at, "Stop")
    await at.wait_for_selector(".note")
    assert at.desk.workshop.orders[0].stage in ("ended", "running")


async def test_try_a_failed_run_again(at):
    await at.goto(f"{at.base}/runs/{FAILED}")
    await press(at, "Retry")
    await at.wait_for_selector(".note")
    assert "tried again" in await told(at)


async def test_undo_what_a_run_committed(at):
    folder = at.desk.home / "runs" / SOLVED
    (folder / "receipt.json").write_bytes(receipt(at.desk))
    await at.goto(f"{at.base}/runs/{SOLVED}")
    await press(at, "Undo")
    await at.wait_for_selector(".note")
    assert await told(at) == f"undid {SOLVED}"


def receipt(desk) -> bytes:
    return msgspec.json.encode(desk.app.receipt(SOLVED))


async def test_move_a_card_to_another_agent(at):
    await at.goto(f"{at.base}/board")
    await press(at, "Change task 3")
    await reach(at, "Move task 3")
    await at.keyboard.type("writer")
    await press(at, "Move")
    await at.wait_for_selector(".note")
    assert await told(at) == "Task 3 is with writer now."


async def test_put_a_card_earlier_in_its_queue(at):
    await at.goto(f"{at.base}/board")
    await press(at, "Change task 9")
    await press(at, "Earlier", start="Change")
    await at.wait_for_selector(".note")
    jobs = [j.id for j in await at.desk.office.jobs.tasks("developer") if j.state == "ready"]
    assert jobs == [2, 9, 3]


async def test_move_cards_by_mouse(at):
    async def order() -> list[int]:
        jobs = await at.desk.office.jobs.tasks("developer")
        return [j.id for j in jobs if j.state == "ready"]

    async def drag(source: str, target: str) -> None:
        await at.drag_and_drop(source, target, target_position={"x": 20, "y": 20})
        await at.wait_for_selector(".note")

    await at.goto(f"{at.base}/board")
    assert await order() == [2, 3, 9]
    await drag("#job-9", "#job-2")
    assert await order() == [9, 2, 3]
    await drag("#job-9", "#job-3")
    assert await order() == [2, 3, 9], "downwards it lands behind"
    dead = next(j for j in at.desk.office.jobs.jobs.values() if j.state in ("failed", "dead"))
    await drag(f"#job-{dead.id}", "#column-ready h2")
    assert at.desk.office.jobs.jobs[dead.id].state == "ready"
    await at.goto(f"{at.base}/board")
    await at.drag_and_drop("#job-2", "#column-failed", target_position={"x": 20, "y": 20})
    assert at.desk.office.jobs.jobs[2].state == "ready", "nothing happens where nothing may"


async def test_change_a_budget(at):
    await at.goto(f"{at.base}/credits")
    await reach(at, "who")
    await at.keyboard.type("writer")
    await reach(at, "amount")
    await at.keyboard.type("3.5")
    await at.keyboard.press("Enter")
    await at.wait_for_selector(".note")
    assert await told(at) == "writer has +3.5 credits."


async def test_find_the_step_that_failed(at):
    await at.goto(f"{at.base}/runs")
    await press(at, "`middle` in middle.py", start="Filter")
    await reach(at, "Version 2 is red")
    await at.keyboard.press("Enter")
    assert await at.is_visible("details[open] >> text=assert middle([3, 1, 2]) == 2")


async def test_filter_the_runs(at):
    await at.goto(f"{at.base}/runs")
    await reach(at, "state")
    await at.keyboard.type("failed")
    await press(at, "Filter")
    await at.wait_for_url("**state=failed**")
    assert FAILED in await at.inner_html("main")
    assert SOLVED not in await at.inner_html("main")


async def test_pause_the_page_and_choose_the_dark(at):
    await at.goto(f"{at.base}/dashboard")
    await at.wait_for_selector("#live[data-state=live]")
    await press(at, "Pause")
    assert await at.inner_text("#live") == "paused"
    await press(at, "auto")
    await at.keyboard.press("Enter")
    assert await at.evaluate("document.documentElement.dataset.theme") == "dark"
    await at.reload()
    assert await at.evaluate("document.documentElement.dataset.theme") == "dark"
    ground = await at.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(20, 23, 26)"


async def test_write_to_an_agent(at):
    await at.goto(f"{at.base}/agents/writer")
    await reach(at, "Message")
    await at.keyboard.type("look at the README")
    await at.keyboard.press("Control+Enter")
    await at.wait_for_selector(".note")
    assert (await at.desk.office.roster.messages())[0].text == "look at the README"
    assert await at.evaluate("document.activeElement.id") == "text", "ready for the next one"
    assert "look at the README" in await at.inner_text(".thread")


async def test_write_to_an_agent_from_the_first_page(at):
    await at.goto(f"{at.base}/dashboard")
    await reach(at, "text")
    await at.keyboard.type("are you there?")
    await reach(at, "agent")
    await at.keyboard.type("tester")
    await press(at, "Send as a message")
    await at.wait_for_url("**/agents/tester#text")
    assert "are you there?" in await at.inner_text(".thread")


async def test_answer_what_an_agent_asks_in_the_conversation(at):
    await at.goto(f"{at.base}/agents/writer")
    await press(at, "Answer this question")
    await at.wait_for_url("**/approvals/9")
    await reach(at, "Your answer")
    await at.keyboard.type("only in one line")
    await press(at, "Answer no")
    await at.wait_for_selector(".note")
    assert await told(at) == "writer has your answer: no."


async def test_allow_a_call_for_always(at):
    await at.goto(f"{at.base}/approvals/8")
    await press(at, "Always allow calls like this")
    assert "[[rules.allow]]" in await at.inner_text("main")
    await press(at, "Approve, and always")
    await at.wait_for_selector(".note")
    assert "Approved: fetch of researcher." in await told(at)
    assert 'host = "docs.python.org"' in (at.desk.home / "samovar.toml").read_text()


async def test_look_at_a_run_as_it_was(at):
    await at.goto(f"{at.base}/runs/{SOLVED}")
    await reach(at, "at")
    for _ in range(15):
        await at.keyboard.press("ArrowLeft")
    assert await at.inner_text("#at-shown") == "6"
    await press(at, "Look")
    await at.wait_for_url("**at=6")
    assert "As it was after entry 6 of 21" in await at.inner_text("main")
    await press(at, "Later")
    await at.wait_for_url("**at=7")
    await press(at, "Back to now")
    await at.wait_for_url(f"**/runs/{SOLVED}")


async def test_try_a_run_again_from_the_middle(at):
    await at.goto(f"{at.base}/runs/{SOLVED}?at=5")
    await press(at, "Try again from here")
    await reach(at, "note")
    await at.keyboard.type("use the median of the statistics module")
    await press(at, "Begin a new run")
    await at.wait_for_selector(".note")
    assert "A new run goes on from there" in await told(at)
    assert "use the median" in await at.inner_text("main")
