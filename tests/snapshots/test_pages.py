"""The snapshots' pages, each tried by four people: a rater, another rater, an admin, a stranger."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.jobs.services import job_claim
from annotation_site.ranges import Unsatisfiable, asked_range
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder, snapshot_start
from mpd_builder import snapshot as snapshots
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_user
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def sealed(judged) -> Snapshot:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    job_run(model=Snapshot, job_id=job.pk, work=snapshot_export)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def url(name: str, *arguments: int) -> str:
    return reverse(f"admin:snapshots_snapshot_{name}", args=arguments)


def content_of(response) -> bytes:
    return b"".join(response.streaming_content)


PAGES = ["changelist", "add", "change", "panel", "download", "card", "cancel"]


@pytest.mark.parametrize("name", PAGES)
def test_only_an_admin_sees_snapshots(judged, sealed, admin, name):
    address = url(name) if name in ("changelist", "add") else url(name, sealed.pk)
    ask = "post" if name == "cancel" else "get"
    stranger, rater, other = Client(), Client(), Client()
    rater.force_login(judged.raters[0].user)
    other.force_login(judged.raters[1].user)
    for client in (stranger, rater, other):
        response = getattr(client, ask)(address)
        assert response.status_code == 302
        assert "login" in response["Location"]
    answer = getattr(admin, ask)(address)
    assert answer.status_code == (302 if name == "cancel" else 200)
    assert "login" not in answer.get("Location", "")


@pytest.mark.parametrize("name", PAGES)
def test_staff_without_the_permission_are_refused(sealed, name):
    client = Client()
    client.force_login(make_user(is_staff=True))
    address = url(name) if name in ("changelist", "add") else url(name, sealed.pk)
    assert getattr(client, "post" if name == "cancel" else "get")(address).status_code == 403


def test_the_form_starts_an_export_and_shows_its_page(judged, admin):
    response = admin.post(url("add"), {"campaign": judged.campaign.pk, "recipe": "demo", "name": ""})
    job = Snapshot.objects.get()
    assert response["Location"] == url("change", job.pk)
    assert (job.state, job.recipe["name"], job.campaign) == (JobState.QUEUED, "demo", judged.campaign)
    assert job.name.startswith(judged.campaign.name)
    page = admin.get(response["Location"]).content.decode()
    assert f'hx-get="{url("panel", job.pk)}"' in page
    assert "Waiting for a worker" in page


def test_a_campaign_with_nothing_to_export_is_refused_on_the_form(admin):
    response = admin.post(url("add"), {"campaign": make_campaign().pk, "recipe": "demo"})
    assert response.status_code == 200
    assert "has its 5 ratings yet" in response.content.decode()
    assert not Snapshot.objects.exists()


def test_a_running_export_shows_how_far_it_is_and_can_be_cancelled(judged, admin):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    job_claim(model=Snapshot, job_id=job.pk, worker="w1", now=NOON)
    Snapshot.objects.filter(pk=job.pk).update(done=3, total=12, words="Writing painting 3 of 4")
    page = admin.get(url("panel", job.pk)).content.decode()
    assert "Writing painting 3 of 4" in page
    assert 'value="25"' in page
    admin.post(url("cancel", job.pk))
    job.refresh_from_db()
    assert job.cancel_requested


def test_a_sealed_snapshot_shows_its_figures_and_stops_asking(sealed, admin):
    page = admin.get(url("change", sealed.pk)).content.decode()
    for words in (sealed.digest, "60", "by 6 raters", f"{sealed.facts['alpha']['value']:.3f}", "Music to painting"):
        assert words in page
    assert "hx-get" not in page.split('id="job-')[1].split(">")[0]
    assert f"{reverse('admin:training_trainingrun_add')}?snapshot={sealed.pk}" in page
    assert url("download", sealed.pk) in page


def test_a_failed_export_says_why(judged, admin):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    Snapshot.objects.filter(pk=job.pk).update(state=JobState.FAILED, error="The disk is full.")
    page = admin.get(url("change", job.pk)).content.decode()
    assert "The disk is full." in page
    assert url("download", job.pk) not in page


@pytest.mark.parametrize("name", ["download", "card"])
def test_what_is_not_sealed_cannot_be_taken_away(judged, admin, name):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    assert admin.get(url(name, job.pk)).status_code == 404
    assert admin.get(url(name, job.pk + 1)).status_code == 404


def test_a_snapshot_can_be_neither_changed_nor_deleted_in_the_panel(sealed, admin):
    assert admin.post(url("delete", sealed.pk), {"post": "yes"}).status_code == 403
    admin.post(url("change", sealed.pk), {"name": "other", "digest": "0" * 64})
    before = sealed.digest
    sealed.refresh_from_db()
    assert sealed.digest == before


def test_the_download_is_a_zip_that_unpacks_to_a_whole_snapshot(sealed, admin, tmp_path):
    response = admin.get(url("download", sealed.pk))
    content = content_of(response)
    assert int(response["Content-Length"]) == len(content)
    assert response["Content-Disposition"] == f'attachment; filename="mpd-demo-{sealed.digest[:12]}.zip"'
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    report = snapshots.verify(tmp_path / f"mpd-demo-{sealed.digest[:12]}")
    assert (report.ok, report.digest) == (True, sealed.digest)


def test_a_broken_download_goes_on_where_it_stopped(sealed, admin):
    whole = content_of(admin.get(url("download", sealed.pk)))
    rest = admin.get(url("download", sealed.pk), headers={"Range": "bytes=1000-", "If-Range": f'"{sealed.digest}"'})
    assert rest.status_code == 206
    assert rest["Content-Range"] == f"bytes 1000-{len(whole) - 1}/{len(whole)}"
    assert whole[:1000] + content_of(rest) == whole


def test_a_download_of_something_else_starts_again(sealed, admin):
    response = admin.get(url("download", sealed.pk), headers={"Range": "bytes=1000-", "If-Range": '"another"'})
    assert response.status_code == 200
    assert len(content_of(response)) == int(response["Content-Length"])


def test_a_range_outside_the_file_is_refused(sealed, admin):
    size = int(admin.get(url("download", sealed.pk))["Content-Length"])
    response = admin.get(url("download", sealed.pk), headers={"Range": f"bytes={size}-"})
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("", None), ("bytes=-", None), ("bytes=0-1,5-6", None), ("items=0-1", None),
        ("bytes=0-9", (0, 10)), ("bytes=90-", (90, 100)), ("bytes=-10", (90, 100)), ("bytes=-1000", (0, 100)),
        ("bytes=0-1000", (0, 100)), ("bytes=5-5", (5, 6)),
    ],
)  # fmt: skip
def test_the_ranges_of_the_standard_are_understood(asked, span):
    assert asked_range({"Range": asked}, size=100, etag='"x"') == span


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=9-5", "bytes=-0"])
def test_ranges_that_hold_no_byte_are_unsatisfiable(asked):
    with pytest.raises(Unsatisfiable):
        asked_range({"Range": asked}, size=100, etag='"x"')


def test_the_zips_index_is_made_with_the_export_and_made_again_when_lost(sealed, admin):
    folder = snapshot_folder(sealed)
    index = folder.with_name(f"{folder.name}.zip-index.json")
    whole = content_of(admin.get(url("download", sealed.pk)))
    for damage in (index.unlink, lambda: index.write_text("{")):
        damage()
        assert content_of(admin.get(url("download", sealed.pk))) == whole
        assert index.read_text().startswith('{"CITATION.cff"')


def test_the_card_is_the_snapshots_own(sealed, admin):
    response = admin.get(url("card", sealed.pk))
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content == (snapshot_folder(sealed) / "README.md").read_bytes()
