"""What a person sees before a word is given: everything the word would count for."""

from hired import desk_of, team_of
from household import NOW, put_waiting
from msgspec.structs import replace

from samovar.coder import digest_of
from samovar.org.kept import Kept, keep
from samovar.org.seams import Approval, Job
from samovar.web import diff
from samovar.web.commission import commissions

RUN = "20261121-100000-solved-0001"
COMMIT = "0" * 39 + "1"
WISH = "Mend middle.\n\n" + "It is about durations. " * 40 + "<b>The end.</b>"


def ask_to_push(team, commit=COMMIT):
    team.jobs[20] = Job(
        id=20, agent="developer", text=WISH, run=RUN, created=NOW, created_by="person:li"
    )
    asked = Approval(
        id=10, agent="developer", act="push", digest=digest_of(20, "push", commit), task=20
    )
    team.asked[10] = replace(asked, text=f"push samovar/x at {commit[:12]}", asked=NOW)


def test_the_push_of_an_agent_is_shown_with_its_whole_change_and_why(client, team):
    ask_to_push(team)
    text = client.get("/approvals/10").text
    assert "asked by li" in text
    assert "&lt;b&gt;The end.&lt;/b&gt;" in text, "the task stands there whole"
    assert f'<code class="wrap">{COMMIT}</code>' in text
    assert "<code>middle.py</code>" in text and "<mark>" in text
    assert f'href="/runs/{RUN}"' in text


def test_a_change_that_is_not_the_one_asked_about_is_not_shown_as_it(client, team):
    ask_to_push(team, "0" * 39 + "2")
    text = client.get("/approvals/10").text
    assert "not the one that was asked about" in text
    assert "<code>middle.py</code>" not in text


def test_the_question_of_a_run_takes_a_note_and_says_who_answers_until_when(client, home):
    run = put_waiting(home).name
    text = client.get(f"/approvals/{run}").text
    assert '<label for="note">Note to the run' in text and 'name="note"' in text
    assert "never: the run waits until somebody answers" in text
    assert "whoever has this home" in text


def test_a_change_is_shown_to_the_last_character_of_its_longest_line():
    long = "x" * 5_000 + " # the end"
    text = (
        "diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/a.py\n"
        f"+++ b/a.py\n@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+{long}\n"
    )
    (file,) = diff.parse(text)
    shown = ["".join(p.text for p in line.pieces) for line in file.lines]
    assert shown[:2] == ["old mode 100644", "new mode 100755"]
    assert long in shown
    assert "No newline at end of file" in shown


async def test_a_task_has_the_run_that_its_slip_names_and_none_that_it_is_about(tmp_path):
    team = team_of(tmp_path)
    job, review = await team.submit("mend it", "ada"), await team.submit("read it", "bob")
    keep(tmp_path, job.id, Kept("run-a"))
    await team.engine.turns.kit.queue.add(replace(review, run="run-a"))
    desk = desk_of(tmp_path, team)
    assert [j.run for j in await desk.office.jobs.tasks()] == ["run-a", "", ""]
    assert {name: c.job.id for name, c in (await commissions(desk)).items()} == {"run-a": job.id}
    keep(tmp_path, job.id, Kept("run-of-another-name"))
    assert (await desk.office.jobs.tasks("ada"))[0].run == "run-of-another-name"
    found = await commissions(desk)
    assert {c.job.id for c in found.values()} == {job.id} and len(found) == 2
