"""The snapshots' pages, each tried by four people: a rater, another rater, an admin, a stranger."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_claim
from annotation_site.ranges import Unsatisfiable, asked_range
from annotation_site.snapshots.models import Snapshot, Verification
from annotation_site.snapshots.services import snapshot_folder, snapshot_start
from mpd_builder import snapshot as snapshots
from tests.conftest import NOON
from tests.factories import make_admin, make_user
from tests.snapshots.exported import content_of, logged_in, sealed_snapshot, url
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def sealed(judged) -> Snapshot:
    return sealed_snapshot(judged.campaign)


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


def addresses(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """(how, address, what an admin gets) of every page of the room."""
    own = snapshot.pk
    two = f"before={own}&after={own}"
    return [
        ("get", url("changelist"), 200),
        ("get", url("add"), 200),
        ("get", url("estimate"), 200),
        ("get", url("change", own), 200),
        ("get", url("panel", own), 200),
        ("post", url("cancel", own), 302),
        ("post", url("resume", own), 302),
        ("get", url("download", own), 200),
        ("get", url("download_public", own), 404),
        ("get", url("document", own, "card"), 200),
        ("get", url("files", own), 200),
        ("get", url("file", own, "data/ratings.parquet"), 200),
        ("get", url("figure", own, "nothing.svg"), 404),
        ("post", url("verify", own), 302),
        ("get", url("verification", own), 200),
        ("get", url("compare"), 200),
        ("get", f"{url('compare')}?{two}", 200),
        ("get", f"{url('compare_part')}?{two}", 200),
        ("post", f"{url('compare_retry')}?{two}", 302),
        ("get", f"{url('compare_numbers')}?{two}", 404),  # nobody has compared them yet
    ]


def test_only_an_admin_sees_anything_of_a_snapshot(judged, sealed, admin):
    """A stranger, two raters, staff without the right, an admin: each at every address of the room."""
    raters = [logged_in(judged.raters[number].user) for number in (0, 1)]
    clerk = logged_in(make_user(is_staff=True))
    for how, address, status in addresses(sealed):
        for nobody in (Client(), *raters):
            response = getattr(nobody, how)(address)
            assert (response.status_code, "login" in response.get("Location", "")) == (302, True), address
        assert getattr(clerk, how)(address).status_code == 403, address
        response = getattr(admin, how)(address)
        if response.streaming:
            content_of(response)
        assert (response.status_code, "login" in response.get("Location", "")) == (status, False), address


def test_what_changes_something_is_never_a_link(sealed, admin):
    for address in (*(url(name, sealed.pk) for name in ("resume", "verify", "cancel")), url("compare_retry")):
        assert admin.get(address).status_code == 405, address


def test_a_waiting_export_asks_for_itself_until_it_is_over(judged, admin):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    page = admin.get(url("change", job.pk)).content.decode()
    assert f'hx-get="{url("panel", job.pk)}"' in page
    assert "Waiting for a worker" in page
    assert "Complete, with 5 ratings each" in page


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


def test_a_sealed_snapshot_shows_what_its_certificate_says(sealed, admin):
    shown = admin.get(url("change", sealed.pk)).context["leakage"]
    certificate = json.loads((snapshot_folder(sealed) / "leakage.json").read_text())
    assert shown.leaks == ()
    assert [row.regime for row in shown.rows if row.is_own] == ["unseen-both"]
    assert {row.regime: row.n_pairs for row in shown.rows} == {
        name: regime["pairs"]["test"] for name, regime in certificate["regimes"].items()
    }
    both = next(row for row in shown.rows if row.is_own)
    assert {both.painting, both.track} <= {0.0, None}


def test_a_failed_export_says_why(judged, admin):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    Snapshot.objects.filter(pk=job.pk).update(state=JobState.FAILED, error="The disk is full.")
    page = admin.get(url("change", job.pk)).content.decode()
    assert "The disk is full." in page
    assert url("resume", job.pk) in page
    assert f"{url('add')}?again={job.pk}" in page
    assert url("download", job.pk) not in page


def test_what_is_not_sealed_cannot_be_taken_away(judged, admin):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    for own in (job.pk, job.pk + 1):
        for address in (
            url("download", own),
            url("document", own, "card"),
            url("files", own),
            url("verification", own),
        ):
            assert admin.get(address).status_code == 404, address
        assert admin.get(f"{url('compare')}?before={own}&after={own}").status_code == 404
        assert admin.post(url("verify", own)).status_code == 404


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


def test_who_may_only_look_sees_no_button_and_stops_nothing(judged):
    looker = make_user(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_snapshot"))
    client = logged_in(looker)
    snapshot = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    page = client.get(url("change", snapshot.pk))
    assert page.status_code == 200
    assert b"<button" not in page.content.split(b'data-part="actions"')[1].split(b"</span>")[0]
    assert client.post(url("cancel", snapshot.pk)).status_code == 403
    snapshot.refresh_from_db()
    assert not snapshot.cancel_requested
    assert b"Cancel" in logged_in(make_admin()).get(url("change", snapshot.pk)).content


def test_a_job_that_another_page_starts_is_stopped_all_the_same(sealed, admin):
    """A verification has no form of its own; its page still has the button, and the button works."""
    job = Verification.objects.create(snapshot=sealed, created_at=NOON)
    own = "admin:snapshots_verification_"
    assert b"Cancel" in admin.get(reverse(f"{own}change", args=[job.pk])).content
    admin.post(reverse(f"{own}cancel", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
