"""The page of an agent says in words what its resume says."""

from hired import desk_of, hire, team_of
from household import BASE, BEARER
from litestar.testing import AsyncTestClient

from samovar.web.site import site

RESUME = {
    "instructions": "Mend what is broken.\nSay what you did.",
    "workflow_description": "First the test, then the code.",
    "soul": {"personality": "dry <b>wit</b>", "skills": ["sql", "pytest"], "expertise": ["dates"]},
    "fallback_models": ["qwen-small", ""],
    "limits": {"open_tasks": 7},
}


SAID = (
    *("Mend what is broken.\nSay what you did.", "First the test, then the code.", "open tasks 7"),
    *("dry &lt;b&gt;wit&lt;/b&gt;", "sql, pytest", "<dd>dates</dd>", "writing an answer"),
    *(", else qwen-small, else the home", "at most 2.50 a day"),
)


async def test_the_whole_contract_is_told_without_reading_json(tmp_path):
    hire(tmp_path, "eve", **RESUME)
    team = team_of(tmp_path)
    await team.limit("eve", 2_500_000)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/agents/eve")).text
    shown, json = text.split("<summary>resume.json</summary>")
    for said in SAID:
        assert said in shown, said
    assert "qwen-small" in json


async def test_what_a_resume_does_not_say_has_no_line(tmp_path):
    hire(tmp_path, "eve")
    team = team_of(tmp_path)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/agents/eve")).text
    assert "Who it is" in text
    for term in ("Character", "Skills", "Way of working", " a day"):
        assert term not in text.split("<summary>resume.json</summary>")[0], term
