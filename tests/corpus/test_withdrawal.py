"""Items that are taken out: nothing new comes of them, nothing that was judged or sealed is lost, and back again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.standing import standing_of
from annotation_site.corpus.withdrawal import Begun, WithdrawalError, item_restore, item_withdraw, media_remove
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.leases.services import lease_hold
from annotation_site.rescoring.pools import random_pool
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from annotation_site.scoring.services import pairs_make
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder, snapshot_start
from annotation_site.snapshots.source import judgments_of
from mpd_builder import snapshot as snapshots
from tests.conftest import NOON
from tests.factories import make_campaign, make_painting, make_pair, make_rater, make_rating, make_track
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=1)


def withdraw(item, *, begun: Begun = Begun.CLOSE, stays: bool = False) -> int:
    return item_withdraw(item=item, because="its licence", begun=begun, stays_in_snapshots=stays, now=NOON)


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(raters_per_pair=3)


@pytest.fixture
def painting(campaign: Campaign) -> Painting:
    """A painting with an untouched, a begun and a complete pair."""
    painting, raters = make_painting(), [make_rater() for _ in range(3)]
    for n_ratings in range(0, 4):
        if n_ratings == 2:
            continue
        pair = make_pair(campaign=campaign, painting=painting)
        for rater in raters[:n_ratings]:
            make_rating(pair=pair, rater=rater, value=0.5)
    return painting


def test_withdrawn_items_come_into_no_new_pair(campaign):
    gone, track = make_painting(), make_track(clips=2)
    stays, other = make_painting(), make_track(clips=2)
    withdraw(gone)
    withdraw(track)
    pairs = pairs_make(campaign=campaign, count=2, seed=1, balance=False, now=NOON)
    assert {pair.painting_id for pair in pairs} == {stays.pk}
    assert {pair.clip.track_id for pair in pairs} == {other.pk}
    with pytest.raises(ValueError, match="but only 0 are left"):
        pairs_make(campaign=campaign, count=1, seed=1, balance=False, now=NOON)
    candidates = random_pool(campaign=campaign, size=100, seed=1)
    assert (candidates.paintings, {clip.track_id for clip in candidates.clips}) == ([stays], {other.pk})


def test_a_pool_for_rescoring_passes_over_pairs_of_withdrawn_items(campaign):
    pair, other = make_pair(campaign=campaign), make_pair(campaign=campaign)
    withdraw(pair.painting)
    candidates = random_pool(campaign=campaign, size=100, seed=1)
    assert candidates.paintings == [other.painting]
    assert len(candidates) == 2, "its own pair, and the other clip with it"


def test_all_pairs_close_or_the_begun_ones_go_on(campaign, painting):
    assert withdraw(painting, begun=Begun.FINISH) == 2
    begun = Pair.objects.get(closed_at=None)
    assert begun.rating_count == 1
    assert [
        slot.pair_id for slot in lease_hold(model=Slot, rater=make_rater(), campaign=campaign, count=3, now=NOON)
    ] == [begun.pk]
    assert Rating.objects.count() == 4, "nothing that was judged is deleted"


def test_what_a_removal_would_touch_is_told_before(campaign, painting):
    vera = make_rater()
    lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=NOON)
    seen = standing_of(item=painting, now=NOON)
    (one,) = seen.campaigns
    assert (one.campaign, one.untouched, one.begun, one.complete, one.closed) == (campaign, 1, 1, 1, 0)
    assert (seen.in_hand, seen.snapshots) == (1, [])
    withdraw(painting)
    after = standing_of(item=painting, now=NOON)
    assert (after.untouched, after.begun, after.complete, after.closed) == (0, 0, 1, 2)


def test_a_track_takes_all_its_clips_with_it(campaign):
    track, painting = make_track(clips=3), make_painting()
    for clip in track.clips.all():
        make_pair(campaign=campaign, painting=painting, clip=clip)
    other = make_pair(campaign=campaign, painting=painting)
    assert withdraw(track) == 3
    assert list(Pair.objects.filter(closed_at=None)) == [other]


def test_withdrawing_twice_is_refused_in_words(painting):
    withdraw(painting)
    with pytest.raises(WithdrawalError, match="was withdrawn already, on 15 January 2026"):
        withdraw(painting)


def test_an_item_comes_back_with_or_without_its_pairs(campaign, painting):
    withdraw(painting)
    assert item_restore(item=painting, reopen_pairs=False) == 0
    assert Pair.objects.filter(closed_at=None).count() == 0
    painting.refresh_from_db()
    assert (painting.withdrawn_at, painting.withdrawn_because) == (None, "")
    withdraw(painting)
    assert item_restore(item=painting, reopen_pairs=True) == 3
    with pytest.raises(WithdrawalError, match="in use already"):
        item_restore(item=painting, reopen_pairs=True)


def test_a_pair_stays_closed_while_its_other_item_is_withdrawn(campaign):
    pair = make_pair(campaign=campaign)
    withdraw(pair.painting)
    withdraw(pair.clip.track)
    assert item_restore(item=pair.painting, reopen_pairs=True) == 0
    assert item_restore(item=pair.clip.track, reopen_pairs=True) == 1


# --- Snapshots -----------------------------------------------------------------------------------------------------
@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def sealed(judged: Judged) -> Snapshot:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    job_run(model=Snapshot, job_id=job.pk, work=snapshot_export)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def test_a_sealed_snapshot_keeps_what_is_withdrawn_even_without_its_files(judged, sealed):
    painting, track = judged.paintings[0], judged.clips[0].track
    assert [standing_of(item=item, now=NOON).snapshots for item in (painting, track)] == [[sealed], [sealed]]
    assert standing_of(item=make_painting(), now=NOON).snapshots == []
    for item in (painting, track):
        withdraw(item)
        media_remove(item=item, now=LATER)
    report = snapshots.verify(snapshot_folder(sealed))
    assert (report.ok, report.digest) == (True, sealed.digest)
    assert painting.key in set(snapshots.read(snapshot_folder(sealed)).paintings["painting_id"])
    assert standing_of(item=painting, now=NOON).snapshots == [sealed]


def test_a_snapshot_whose_folder_is_gone_is_not_asked(judged, sealed):
    sealed.folder = "elsewhere"
    sealed.save()
    assert standing_of(item=judged.paintings[0], now=NOON).snapshots == []


@pytest.mark.parametrize("kind", ["painting", "track"])
def test_new_snapshots_leave_a_withdrawn_items_pairs_out_unless_they_are_to_stay(judged, kind):
    item = judged.paintings[0] if kind == "painting" else judged.clips[0].track
    everything = judgments_of(campaign=judged.campaign)
    withdraw(item)
    seen = judgments_of(campaign=judged.campaign)
    gone = {pair.key for pair in judged.pairs if item in (pair.painting, pair.clip.track)}
    assert {pair.id for pair in everything.pairs} - {pair.id for pair in seen.pairs} == gone
    assert not {rating.pair_id for rating in seen.ratings} & gone
    assert len(seen.tasks) < len(everything.tasks) == 2
    assert {vote.task_id for vote in seen.votes} == {task.id for task in seen.tasks}
    item_restore(item=item, reopen_pairs=False)
    withdraw(item, stays=True)
    again = judgments_of(campaign=judged.campaign)
    for rows in ("pairs", "ratings", "tasks", "votes"):
        assert set(getattr(again, rows)) == set(getattr(everything, rows)), rows


def test_the_next_snapshot_is_built_without_the_withdrawn_painting(judged, sealed):
    withdraw(judged.paintings[0])
    media_remove(item=judged.paintings[0], now=LATER)
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=LATER)
    job_run(model=Snapshot, job_id=job.pk, work=snapshot_export)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    assert len(snapshots.read(snapshot_folder(job)).paintings) == len(judged.paintings) - 1


# --- Files ---------------------------------------------------------------------------------------------------------
def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_the_files_of_a_withdrawn_painting_go_and_its_row_says_so(painting, media_root):
    other = make_painting()
    before = files(media_root)
    withdraw(painting, begun=Begun.FINISH, stays=True)
    assert media_remove(item=painting, now=LATER) == 4
    painting.refresh_from_db()
    gone = {painting.original.name, painting.display.name, painting.thumbnail.name, painting.model_input.name}
    assert before - files(media_root) == gone
    assert default_storage.exists(other.display.name)
    assert (painting.media_removed_at, painting.stays_in_snapshots) == (LATER, False)
    assert len(painting.sha256) == 64
    assert not Pair.objects.filter(painting=painting, closed_at=None).exists(), "there is nothing left to judge"
    assert media_remove(item=painting, now=LATER) == 4, "doing it again does no harm"
    with pytest.raises(WithdrawalError, match="so there is nothing that could be shown"):
        item_restore(item=painting, reopen_pairs=False)


def test_the_files_of_a_track_go_with_those_of_its_clips(media_root):
    track, other = make_track(clips=2), make_track(clips=1)
    withdraw(track)
    assert media_remove(item=track, now=LATER) == 5
    assert files(media_root) == {
        other.original.name,
        *other.clips.values_list("audio", flat=True),
        *other.clips.values_list("mel", flat=True),
    }


def test_a_file_that_another_item_has_too_stays(media_root):
    shared = default_storage.save("derived/shared.npy", ContentFile(b"the same"))
    painting, other = make_painting(model_input=shared), make_painting(model_input=shared)
    track, other_track = make_track(clips=1), make_track(clips=1)
    Clip.objects.update(mel=default_storage.save("derived/silence.npy", ContentFile(b"silence")))
    for item in (painting, track):
        withdraw(item)
    assert (media_remove(item=painting, now=LATER), media_remove(item=track, now=LATER)) == (3, 2)
    assert {"derived/shared.npy", "derived/silence.npy"} <= files(media_root)
    for item in (other, other_track):
        withdraw(item)
        media_remove(item=item, now=LATER)
    assert not {"derived/shared.npy", "derived/silence.npy"} & files(media_root)


def test_files_of_an_item_in_use_are_not_deleted(painting):
    with pytest.raises(WithdrawalError, match="Withdraw it first"):
        media_remove(item=painting, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Painting.objects.filter(pk=painting.pk).update(media_removed_at=NOON)


def test_a_storage_that_refuses_leaves_the_row_as_it_was(painting, monkeypatch):
    withdraw(painting)

    def refuse(name: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(default_storage, "delete", refuse)
    with pytest.raises(WithdrawalError, match="media store would not delete"):
        media_remove(item=painting, now=LATER)
    painting.refresh_from_db()
    assert painting.media_removed_at is None
