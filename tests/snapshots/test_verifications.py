"""Verifying a sealed snapshot as a job: what it finds, keeps and shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.models import Snapshot, Verification
from annotation_site.snapshots.services import comparison_ask, snapshot_folder, snapshot_start, verification_start
from annotation_site.snapshots.verifying import snapshot_verify
from tests.conftest import NOON
from tests.factories import make_admin, make_rater, make_user
from tests.snapshots.exported import logged_in, sealed_snapshot, url
from tests.snapshots.judged_campaign import judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> Snapshot:
    return sealed_snapshot(judged_campaign().campaign)


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


def verified(snapshot: Snapshot) -> Verification:
    job = verification_start(snapshot=snapshot, now=NOON)
    assert job_run(model=Verification, job_id=job.pk, work=snapshot_verify) == JobState.DONE
    job.refresh_from_db()
    return job


def change(place: Path) -> None:
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-1] + b"!")


def test_what_is_whole_and_what_was_changed_is_kept_with_who_asked(sealed: Snapshot, admin: Client) -> None:
    admin.post(url("verify", sealed.pk))
    job = Verification.objects.get()
    page = admin.get(url("change", sealed.pk)).text
    assert f'hx-get="{url("verification", sealed.pk)}"' in page
    assert job_run(model=Verification, job_id=job.pk, work=snapshot_verify) == JobState.DONE
    job.refresh_from_db()
    assert (job.outcome, job.n_files, job.problems) == (Verification.Outcome.WHOLE, sealed.n_files, [])
    part = admin.get(url("verification", sealed.pk)).text
    assert "every byte is as it was sealed" in part
    assert f"asked for by {job.created_by}" in part
    assert "hx-get" not in part
    change(snapshot_folder(sealed) / "README.md")
    found = verified(sealed)
    assert (found.outcome, found.n_problems) == (Verification.Outcome.DAMAGED, 1)
    part = admin.get(url("verification", sealed.pk)).text
    assert "README.md was changed after the snapshot was sealed" in part
    assert "Earlier ones" in part
    assert "README.md was changed" in admin.get(f"/admin/snapshots/verification/{found.pk}/change/").text


def test_a_whole_folder_of_another_snapshot_is_found_out(sealed: Snapshot) -> None:
    Snapshot.objects.filter(pk=sealed.pk).update(digest="ab" * 32)
    found = verified(Snapshot.objects.get())
    assert found.outcome == Verification.Outcome.DAMAGED
    assert "This is another snapshot" in found.problems[0]["words"]


def test_a_folder_that_is_gone_is_found_out(sealed: Snapshot, admin: Client) -> None:
    snapshot_folder(sealed).rename(snapshot_folder(sealed).with_name("elsewhere"))
    assert "does not exist" in verified(sealed).problems[0]["words"]
    page = admin.get(url("change", sealed.pk))
    assert (page.status_code, "is not here, or no snapshot any more" in page.text) == (200, True)
    assert admin.get(url("files", sealed.pk)).status_code == 404


def test_one_at_a_time(sealed: Snapshot, admin: Client) -> None:
    first = verification_start(snapshot=sealed, now=NOON)
    admin.post(url("verify", sealed.pk))
    assert verification_start(snapshot=sealed, now=NOON) == first
    with pytest.raises(IntegrityError), transaction.atomic():
        Verification.objects.create(snapshot=sealed, created_at=NOON)
    assert job_run(model=Verification, job_id=first.pk, work=snapshot_verify) == JobState.DONE
    assert job_run(model=Verification, job_id=first.pk, work=snapshot_verify) == "not ours"
    assert verification_start(snapshot=sealed, now=NOON) != first


def test_what_is_not_sealed_cannot_be_verified() -> None:
    job = snapshot_start(campaign=judged_campaign().campaign, recipe="demo", now=NOON)
    with pytest.raises(SnapshotError, match="is not sealed"):
        verification_start(snapshot=job, now=NOON)


def test_the_jobs_own_pages_are_for_admins_only(sealed: Snapshot, admin: Client) -> None:
    verification = verification_start(snapshot=sealed, now=NOON)
    comparison = comparison_ask(before=sealed, after=sealed, now=NOON)
    rater, clerk = logged_in(make_rater().user), logged_in(make_user(is_staff=True))
    for job, name in ((verification, "verification"), (comparison, "comparison")):
        own = f"/admin/snapshots/{name}/"
        for address in (own, f"{own}{job.pk}/change/", f"{own}{job.pk}/panel/"):
            assert (Client().get(address).status_code, rater.get(address).status_code) == (302, 302), address
            assert (clerk.get(address).status_code, admin.get(address).status_code) == (403, 200), address
        assert admin.get(f"{own}add/").status_code == 403
