"""The pages of model versions: four people at each, promote, roll back, out and in as one file."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation_site.training.models import ModelVersion
from annotation_site.training.services import version_promote
from tests.conftest import NOON
from tests.factories import make_admin, make_rater
from tests.training.fabricated import make_done_run, make_report, make_run
from tests.training.models import finished_run
from tests.training.test_run_pages import fetched, text
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin("anna"))
    return client


@pytest.fixture
def two() -> tuple[ModelVersion, ModelVersion]:
    """An earlier version and the active one, told apart by their figures."""
    snapshot = make_snapshot()
    runs = [make_done_run(snapshot, report=make_report(srcc=srcc, half=0.03)) for srcc in (0.85, 0.6)]
    notes = ("the first", "surer of itself")
    first, second = (
        version_promote(run=run, note=note, user=None, now=NOON) for run, note in zip(runs, notes, strict=True)
    )
    first.refresh_from_db()
    return first, second


def url(action: str, *args: object) -> str:
    return reverse(f"admin:training_modelversion_{action}", args=args)


def test_the_list_reads_no_runs_report(admin: Client, two: tuple[ModelVersion, ModelVersion]) -> None:
    with CaptureQueriesContext(connection) as asked:
        page = text(admin, url("changelist"))
    assert "surer of itself" in page
    assert [query["sql"] for query in asked if '"training_trainingrun"."report"' in query["sql"]] == []


def test_admins_alone_reach_any_page(client: Client, two: tuple[ModelVersion, ModelVersion]) -> None:
    earlier, _ = two
    pages = [
        url("changelist"),
        url("add"),
        url("import"),
        *(url(action, earlier.pk) for action in ("change", "activate", "export")),
    ]
    assigned, other = make_rater("vera"), make_rater("boris")
    for person in (None, assigned.user, other.user):
        client.logout()
        if person is not None:
            client.force_login(person)
        for address in pages:
            assert client.get(address).status_code in (302, 403), (person, address)
            assert client.post(address).status_code in (302, 403, 405), (person, address)
    assert not ModelVersion.objects.get(pk=earlier.pk).is_active
    client.force_login(make_admin())
    for address in pages[:-1]:
        assert client.get(address).status_code == 200, address


def test_the_list_says_which_one_is_active_and_who_made_which_so(admin: Client, two: tuple[Any, Any]) -> None:
    page = text(admin, url("changelist"))
    assert "MPJudge v2 answers for the site" in page
    active, below = page.split("MPJudge v2 answers for the site")[1].split("<table", 1)
    assert "0.600" in active
    assert "0.850" not in active
    history = below.split("Who made which one active")[1]
    assert history.index("surer of itself") < history.index("the first")


def test_without_a_version_the_list_says_what_to_do(admin: Client) -> None:
    assert "Train a run on a snapshot and promote it, or bring one in." in text(admin, url("changelist"))


def test_an_earlier_version_is_made_active_again_after_asking(admin: Client, two: tuple[Any, Any]) -> None:
    earlier, active = two
    page = text(admin, url("activate", earlier.pk))
    for words in ("Shall MPJudge v1 answer", "MPJudge v2</b> answers for the site now", "0.850", "0.600", "best"):
        assert words in page, words
    active.refresh_from_db()
    assert active.is_active  # it was only asked
    answer = admin.post(url("activate", earlier.pk), {"note": "v2 drifts"}, follow=True)
    assert "MPJudge v1 is the active model now." in answer.content.decode()
    earlier.refresh_from_db()
    assert earlier.is_active
    latest = earlier.activations.first()
    assert (latest.note, latest.by.username) == ("v2 drifts", "anna")
    assert "is active already" in text(admin, url("activate", earlier.pk))


def test_promoting_shows_what_is_replaced_and_both_figures(admin: Client, two: tuple[Any, Any]) -> None:
    run = make_done_run(two[0].run.snapshot, report=make_report(srcc=0.7, half=0.2))
    page = text(admin, url("add"), run=run.pk)
    for words in (f"Shall Run {run.pk} (tiny) answer", "MPJudge v2, active now", "0.600", "0.700", "not told apart"):
        assert words in page, words
    admin.post(url("add"), {"run": run.pk, "note": "surer"})
    version = ModelVersion.objects.get(run=run)
    assert (version.is_active, version.note) == (True, "surer")


def test_figures_of_another_snapshot_are_not_compared(admin: Client, two: tuple[Any, Any]) -> None:
    snapshot = make_snapshot(name="v2", campaign=two[0].run.snapshot.campaign, digest="e" * 64)
    run = make_done_run(snapshot, report=make_report(srcc=0.99, half=0.001))
    page = text(admin, url("add"), run=run.pk)
    assert "trained on different snapshots" in page
    assert "run-best" not in page


def test_only_a_finished_run_is_promoted(admin: Client, two: tuple[Any, Any]) -> None:
    run = make_run(two[0].run.snapshot)
    assert "Which run?" in text(admin, url("add"), run=run.pk)
    assert "Choose a run that is done." in admin.post(url("add"), {"run": run.pk}).content.decode()
    assert ModelVersion.objects.count() == 2


def test_a_version_goes_out_as_one_file_and_comes_in_again(admin: Client) -> None:
    version = version_promote(run=finished_run(), note="", user=None, now=NOON)
    answer, content = fetched(admin, url("export", version.pk))
    assert 'filename="mpjudge-v1.zip"' in answer["Content-Disposition"]
    sent = {"file": SimpleUploadedFile("v1.zip", content), "note": "from the lab"}
    back = admin.post(url("import"), sent)
    assert back["Location"] == url("change", version.pk)  # the same model is the same version

    ModelVersion.objects.all().delete()
    admin.post(url("import"), {"file": io.BytesIO(content), "note": "from the lab"})
    brought = ModelVersion.objects.get()
    assert (brought.source, brought.note, brought.is_active) == ("import", "from the lab", False)
    page = text(admin, url("change", brought.pk))
    assert "a file that was brought in" in page
    assert "Make active" in page


def test_another_file_is_refused_in_words(admin: Client) -> None:
    sent = {"file": SimpleUploadedFile("v1.zip", b"PK nothing"), "note": ""}
    assert "This is not a model version of MPD Atelier" in admin.post(url("import"), sent).content.decode()
    assert "This field is required" in admin.post(url("import"), {"note": ""}).content.decode()
    assert not ModelVersion.objects.exists()


def test_a_version_whose_files_are_gone_says_so(admin: Client, two: tuple[Any, Any]) -> None:
    answer = admin.get(url("export", two[0].pk), follow=True)
    assert "some of its files are missing" in answer.content.decode()


@pytest.mark.parametrize("action", ["change", "activate", "export"])
def test_a_version_that_is_not_there_is_a_404(admin: Client, action: str) -> None:
    assert admin.get(url(action, 99)).status_code == 404
