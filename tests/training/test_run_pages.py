"""The pages of runs: four people at each address, the form, the live page, the report, runs side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder
from tests.factories import make_admin, make_rater
from tests.training.fabricated import append_events, learning, make_done_run, make_report, make_run, start, step
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db

FORM = {"recipe": "best", "size": "tiny", "seed": 3, "device": "cpu", "processes": 1}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


@pytest.fixture
def snapshot() -> Snapshot:
    return make_snapshot()


@pytest.fixture
def done(snapshot: Snapshot) -> TrainingRun:
    return make_done_run(snapshot)


def url(action: str, *args: object) -> str:
    return reverse(f"admin:training_trainingrun_{action}", args=args)


def text(client: Client, address: str, **query: object) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, address
    return answer.content.decode()


def fetched(client: Client, address: str) -> tuple[Any, bytes]:
    """An answer and all that it sends: a file is closed once it was sent to its end."""
    answer: Any = client.get(address)
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content


def addresses(run: TrainingRun, other: TrainingRun) -> dict[str, str]:
    return {
        "list": url("changelist"),
        "start": url("add"),
        "settings": url("settings"),
        "run": url("change", run.pk),
        "panel": url("panel", run.pk),
        "report": url("report", run.pk),
        "map": url("map", run.pk, "example-00.png"),
        "file": url("file", run.pk, "events.jsonl"),
        "comparison": f"{url('compare')}?runs={run.pk},{other.pk}",
    }


def test_admins_alone_reach_any_page(client: Client, snapshot: Snapshot, done: TrainingRun) -> None:
    """The assigned rater, another one and a stranger are turned away from all of them; an admin from none."""
    pages = addresses(done, make_run(snapshot))
    assigned, other = make_rater("vera"), make_rater("boris")
    for person in (None, assigned.user, other.user):
        client.logout()
        if person is not None:
            client.force_login(person)
        for name, address in pages.items():
            assert client.get(address).status_code in (302, 403), (person, name)
    client.force_login(make_admin())
    for name, address in pages.items():
        assert fetched(client, address)[0].status_code == 200, name


def test_a_run_is_started_by_its_form_with_only_what_differs(admin: Client, snapshot: Snapshot) -> None:
    sent = FORM | {"snapshot": snapshot.pk, "optim.lr": "0.005", "optim.batch": "64", "note": "faster"}
    answer = admin.post(url("add"), sent)
    run = TrainingRun.objects.get()
    assert answer["Location"] == url("change", run.pk)
    assert (run.recipe, run.seed, run.device, run.note) == ("tiny", 3, "cpu", "faster")
    assert run.overrides == {"optim.lr": 0.005}


def test_a_form_that_is_sent_twice_starts_one_run(admin: Client, snapshot: Snapshot) -> None:
    """A double click, or the back button and once more; changed a little, it is another run."""
    token = re.search(r'name="token" value="([^"]+)"', text(admin, url("add")))
    assert token
    sent = FORM | {"snapshot": snapshot.pk, "token": token[1]}
    first, again = (admin.post(url("add"), sent)["Location"] for _ in range(2))
    assert first == again
    assert TrainingRun.objects.count() == 1
    assert admin.post(url("add"), sent | {"seed": 4})["Location"] != first


def test_a_batch_that_the_processes_cannot_share_is_refused_in_words(admin: Client, snapshot: Snapshot) -> None:
    page = admin.post(url("add"), FORM | {"snapshot": snapshot.pk, "processes": 7}).content.decode()
    assert "optim.batch 64 cannot be shared by 7 processes" in page
    assert not TrainingRun.objects.exists()


def test_a_waiting_run_says_its_place_in_the_queue(admin: Client, snapshot: Snapshot) -> None:
    first, second = make_run(snapshot), make_run(snapshot)
    assert "Next in the queue" in text(admin, url("panel", first.pk))
    assert "1 job before it in the queue" in text(admin, url("panel", second.pk))


def test_what_does_not_fit_starts_nothing_and_is_said_beside_its_field(admin: Client, snapshot: Snapshot) -> None:
    answer = admin.post(url("add"), FORM | {"snapshot": snapshot.pk, "optim.lr": "fast"})
    page = answer.content.decode()
    assert "fast is not a number" in page
    assert "Nothing was started yet" in page
    assert re.search(r'<details id="settings-optim"[^>]*open', page)
    assert not re.search(r'<details id="settings-music"[^>]*open', page)
    assert not TrainingRun.objects.exists()


def test_another_recipe_brings_its_own_settings_with_and_without_scripts(admin: Client, snapshot: Snapshot) -> None:
    part = text(admin, url("settings"), recipe="paper", size="small", **{"optim.batch": "48"})
    assert "Settings of paper@small" in part
    assert "2.87 M parameters" in part
    assert 'value="48"' in part
    sent = FORM | {"snapshot": snapshot.pk, "recipe": "paper", "show": "settings", "optim.batch": "48"}
    page = admin.post(url("add"), sent).content.decode()
    assert "Settings of paper@tiny" in page
    assert 'value="48"' in page
    assert not TrainingRun.objects.exists()


def test_a_run_again_is_filled_in_as_it_was(admin: Client, snapshot: Snapshot) -> None:
    run = make_run(snapshot, recipe="paper@small", seed=9, overrides={"optim.lr": 0.007})
    page = text(admin, url("add"), again=run.pk)
    assert "Settings of paper@small" in page
    assert 'value="0.007"' in page
    assert 'value="9"' in page
    assert "1 changed" in page


@pytest.mark.parametrize("again", ["999", "x", "-1", "9" * 40])
def test_a_run_that_is_not_there_cannot_be_begun_from(admin: Client, again: str) -> None:
    assert "Settings of tiny" in text(admin, url("add"), again=again)


def test_the_page_of_a_snapshot_leads_here_with_itself_chosen(admin: Client) -> None:
    older = make_snapshot(name="older")
    make_snapshot(name="newer", campaign=older.campaign, digest="e" * 64)
    assert f'<option value="{older.pk}" selected>' in text(admin, url("add"), snapshot=older.pk)


def test_a_running_run_shows_how_far_it_is(admin: Client, snapshot: Snapshot) -> None:
    run = make_run(snapshot, state=JobState.RUNNING, done=60, total=200, words="Learning scores: step 60 of 200")
    panel = url("panel", run.pk)
    assert "The curve starts with the first steps" in text(admin, panel)
    append_events(run, learning(60))
    page = text(admin, panel)
    assert f'data-panel="{panel}"' in page
    for words in ("chart-line", "Learning scores", "2 min", "400", "known on a GPU only", "512", "goes on"):
        assert words in page, words
    assert "SRCC <b>0.475</b>" in page


def test_a_run_that_failed_says_why_and_can_be_resumed(admin: Client, snapshot: Snapshot) -> None:
    error = "Out of memory: choose a smaller batch."
    run = make_run(snapshot, state=JobState.FAILED, error=error, reason="out_of_memory")
    append_events(run, [start(), step(2), {"event": "error", "message": "Out of memory."}, start(2), step(4)])
    page = text(admin, url("panel", run.pk))
    assert "data-panel" not in page
    assert "Out of memory: choose a smaller batch." in page
    assert "Resume" in page
    assert "cut off without a word" in page


def test_a_finished_run_shows_its_report_and_its_four_identities(admin: Client, done: TrainingRun) -> None:
    page = text(admin, url("change", done.pk))
    for words in (
        "New painting, new track in the test split",
        "better than additive (0.20)",
        "noise ceiling 0.94",
        "New combination</b>: training under unseen-both",
        "Preferences it got right",
        "Predicted and human scores",
        "Calibration",
        "Residuals by style as a table",
        "Where the music was at work",
        "p_1",
        "People 0.60, the model 0.55",
        done.snapshot.digest,
        "c0de00",
        "Promote",
        "Run again with changes",
    ):
        assert words in page, words
    assert "<b>Odd" not in page
    assert "&quot;recipe&quot;:&quot;tiny&quot;" in page


def test_a_run_of_an_earlier_version_shows_what_it_has(admin: Client, snapshot: Snapshot) -> None:
    run = make_done_run(snapshot, report={"protocols": {"unseen-both": {"n": 4}}})
    page = text(admin, url("change", run.pk))
    assert "There is nothing to draw" in page
    assert "The report as a page" not in page
    assert admin.get(url("report", run.pk)).status_code == 404


def test_the_report_is_a_page_of_its_own_that_runs_nothing(admin: Client, done: TrainingRun) -> None:
    answer = admin.get(url("report", done.pk))
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "Content-Disposition" not in answer
    kept = admin.get(url("report", done.pk) + "?download")
    assert f"run-{done.pk}-report.html" in kept["Content-Disposition"]


@pytest.mark.parametrize("name", ["example-99.png", "examples.json", "..%2freport.json", "example-05.png", ".png"])
def test_no_picture_but_those_of_the_run(admin: Client, done: TrainingRun, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (run_folder(done) / "example-05.png").symlink_to(tmp_path / "secret.png")
    address = url("change", done.pk).replace("change/", "") + f"maps/{name}"
    assert admin.get(address, follow=True).status_code == 404


@pytest.mark.parametrize("name", ["state.safetensors", "maps", "..", "checkpoint.json"])
def test_no_file_but_those_that_a_run_leaves(admin: Client, done: TrainingRun, name: str) -> None:
    assert admin.get(url("change", done.pk).replace("change/", "") + f"files/{name}").status_code == 404


def test_what_a_run_leaves_can_be_taken_away(admin: Client, done: TrainingRun) -> None:
    answer, content = fetched(admin, url("file", done.pk, "events.jsonl"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert content.startswith(b'{"event": "start"')


def test_two_runs_are_chosen_in_the_list_and_shown_side_by_side(admin: Client, snapshot: Snapshot) -> None:
    first = make_done_run(snapshot)
    second = make_done_run(snapshot, report=make_report(srcc=0.9, half=0.02), overrides={"optim.lr": 0.01})
    sent = {"action": "compare", "_selected_action": [first.pk, second.pk]}
    answer = admin.post(url("changelist"), sent)
    assert answer["Location"] == f"{url('compare')}?runs={first.pk}&runs={second.pk}"
    page = text(admin, answer["Location"])
    assert page.count("run-best") > 0
    assert "chart-dashed" in page
    assert "different snapshots" not in page
    alone = admin.post(url("changelist"), sent | {"_selected_action": [first.pk]}, follow=True)
    assert "Choose two to 6 runs" in alone.content.decode()


def test_runs_on_different_snapshots_are_warned_about(admin: Client, done: TrainingRun) -> None:
    other = make_done_run(make_snapshot(name="v2", campaign=done.snapshot.campaign, digest="e" * 64))
    page = text(admin, f"{url('compare')}?runs={done.pk},{other.pk}")
    assert "their figures cannot be" in page
    assert "run-best" not in page


@pytest.mark.parametrize("query", ["", "?runs=", "?runs=x", "?runs=99,98"])
def test_with_fewer_than_two_runs_the_page_says_how_to_choose(admin: Client, query: str) -> None:
    assert "Choose two to 6 runs" in text(admin, url("compare") + query)
