"""Writes about scoring: pairs and their slots, ratings, and the aggregates that follow from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.selectors import clips_for_pairs, paintings_for_pairs
from annotation_site.leases.answers import answer_correct, answer_once, batches
from annotation_site.leases.errors import KeyReused, LeaseUnknown
from annotation_site.leases.gate import gate_check
from annotation_site.leases.models import ORDER_KEYS, Queue, SlotState
from annotation_site.leases.playback import gains_check
from annotation_site.leases.services import (
    lease_skip,
    place_find,
    rater_lock,
    slot_fill,
    slots_close,
    slots_lock,
    slots_offer,
    slots_reopen,
)
from annotation_site.preferences.services import tasks_close, tasks_follow, tasks_reopen, votes_withdraw
from annotation_site.prepared import Prepared, PreparedInsert, PreparedUpdate, bound, rows_insert
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Repeat, Slot
from annotation_site.scoring.repeats import repeat_fill, repeat_place, repeat_skip, repeats_withdraw
from annotation_site.scoring.selectors import GIVEN_ANEW, campaign_find, campaigns_meant
from mpd_builder import records
from mpd_builder.aggregation import aggregate
from mpd_builder.pairing import random_pairs
from mpd_builder.reliability import CENTRE, centred_sums

_ROWS = 500  # rows a statement, well below what SQLite takes as parameters


@dataclass(frozen=True, slots=True)
class Submission:
    """The rating that answers a submission. `is_new` is False where the same key had been answered before."""

    rating: Rating
    is_new: bool


# --- Campaigns ---------------------------------------------------------------------------------------------------
def campaign_find_or_make(*, slug: str = "", now: datetime) -> Campaign:
    """As `campaign_find`, but without a slug the first campaign is made where there is none that could be meant."""
    if not slug and not campaigns_meant().exists():
        is_real = Painting.objects.filter(is_synthetic=False).exists()
        free = "main-real" if Campaign.objects.filter(slug="main").exists() else "main"
        Campaign.objects.create(name="Main campaign", slug=free, is_synthetic=not is_real, created_at=now)
    return campaign_find(slug=slug)


# --- Pairs -------------------------------------------------------------------------------------------------------
@transaction.atomic
def pairs_make(*, campaign: Campaign, count: int, seed: int, balance: bool, now: datetime) -> list[Pair]:
    """Draw `count` new random pairs of the campaign's kind of items (real or synthetic), with their slots.

    Silent clips and withdrawn items are left out. Raises ValueError, in words, when fewer pairs are left than asked
    for.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    kind = campaign.is_synthetic
    paintings = {painting.key: painting for painting in paintings_for_pairs().filter(is_synthetic=kind)}
    clips = {clip.key: clip for clip in clips_for_pairs().filter(track__is_synthetic=kind)}
    if not paintings or not clips:
        lacking = "paintings" if not paintings else "clips that are not silent"
        raise ValueError(f"There are no {'synthetic' if kind else 'real'} {lacking} to pair yet: import some first.")
    known = set(Pair.objects.filter(campaign=campaign).values_list("painting__key", "clip__key"))
    drawn = random_pairs(list(paintings), list(clips), count=count, seed=seed, balance=balance, exclude=known)
    items = [(paintings[pair.painting_id], clips[pair.clip_id], Pair.Origin.RANDOM) for pair in drawn]
    random = Random(f"{seed} {len(known)}")  # noqa: S311 - no secret
    return _pairs_create(campaign=campaign, items=items, queue=Queue.FRESH, random=random, now=now)


@transaction.atomic
def pairs_ask_for(*, campaign: Campaign, items: Sequence[tuple[Painting, Clip, str]], now: datetime) -> int:
    """Put pairs before all others: (painting, clip, `Pair.Origin.MODEL` or `CONTROL`).

    Unrated pairs of the campaign are moved, missing ones made; those with a rating stay where they are. Closed pairs
    and items that were withdrawn meanwhile are passed over. Returns how many are asked for now.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    usable = (
        set(paintings_for_pairs().values_list("pk", flat=True)),
        set(clips_for_pairs().values_list("pk", flat=True)),
    )
    new = {
        (painting.pk, clip.pk): (painting, clip, Pair.Origin(origin))
        for painting, clip, origin in items
        if painting.pk in usable[0] and clip.pk in usable[1]
    }
    unrated: dict[str, list[int]] = {}
    paintings = sorted({painting for painting, _ in new})
    for batch in batches(paintings):
        for pair in Pair.objects.filter(campaign=campaign, painting__in=batch):
            if (pair.painting_id, pair.clip_id) in new:
                origin = new.pop((pair.painting_id, pair.clip_id))[2]
                if pair.rating_count == 0 and pair.closed_at is None:
                    unrated.setdefault(origin, []).append(pair.pk)
    # Slots before pairs, as everywhere: a submission that holds one of the slots may be waiting for its pair.
    for batch in batches(sorted(pk for pks in unrated.values() for pk in pks)):
        locked = Slot.objects.select_for_update(no_key=True).filter(pair__in=batch).order_by("pk")
        queues = dict(locked.values_list("pk", "queue"))
        for queue in (Queue.FRESH, Queue.BEGUN):
            Slot.objects.filter(pk__in=[pk for pk in queues if queues[pk] == queue]).update(queue=queue.asked)
    for its_origin, pks in unrated.items():
        for batch in batches(sorted(pks)):
            Pair.objects.filter(pk__in=batch).update(origin=its_origin)
    random = Random(now.isoformat())  # noqa: S311 - no secret
    _pairs_create(campaign=campaign, items=new.values(), queue=Queue.ASKED, random=random, now=now)
    return len(new) + sum(len(pks) for pks in unrated.values())


def _pairs_create(
    *,
    campaign: Campaign,
    items: Collection[tuple[Painting, Clip, Pair.Origin]],
    queue: Queue,
    random: Random,
    now: datetime,
) -> list[Pair]:
    pairs = Pair.objects.bulk_create(
        [
            Pair(
                campaign=campaign,
                painting=painting,
                clip=clip,
                key=records.pair_id(painting.key, clip.key),
                origin=origin,
                created_at=now,
            )
            for painting, clip, origin in items
        ],
        batch_size=_ROWS,
    )
    quota = campaign.raters_per_pair
    rows_insert(
        Slot,
        columns=("pair_id", "campaign_id", "index", "quota", "queue", "order_key", "state"),
        rows=(
            (pair.pk, campaign.pk, index, quota, int(queue), random.randrange(ORDER_KEYS), str(SlotState.FREE))
            for pair in pairs
            for index in range(quota)
        ),
    )
    return pairs


@transaction.atomic
def pairs_close(*, pair_ids: Collection[int], because: str, now: datetime, spare_begun: bool = False) -> int:
    """Give these pairs to nobody any more; returns how many were closed. Their ratings stay and go on counting.

    A lease that lives can still be answered, within the quota. Preference tasks of a closed pair close with it unless
    they are decided. `spare_begun`: pairs and tasks that have some judgments but not all go on.
    """
    pks = sorted(set(pair_ids))
    list(Campaign.objects.select_for_update(no_key=True).order_by("pk"))  # no pairs or tasks are made meanwhile
    for batch in batches(pks):
        slots_lock(model=Slot, subjects=batch)
    closing: list[int] = []
    for batch in batches(pks):
        pairs = Pair.objects.filter(pk__in=batch, closed_at=None)
        if spare_begun:
            pairs = pairs.filter(Q(rating_count=0) | Q(completed_at__isnull=False))
        locked = pairs.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
        closing += locked
    for batch in batches(closing):
        slots_close(model=Slot, subjects=batch)
        Pair.objects.filter(pk__in=batch).update(closed_at=now, closed_because=because)
    tasks_close(pair_ids=closing, spare_begun=spare_begun)
    return len(closing)


@transaction.atomic
def pairs_reopen(*, pair_ids: Collection[int]) -> int:
    """Offer closed pairs to raters again, where they left off; returns how many. Their preference tasks follow."""
    pks = sorted(set(pair_ids))
    list(Campaign.objects.select_for_update(no_key=True).order_by("pk"))
    for batch in batches(pks):
        slots_lock(model=Slot, subjects=batch)
    opening: list[int] = []
    for batch in batches(pks):
        closed = Pair.objects.select_for_update(no_key=True).filter(pk__in=batch).exclude(closed_at=None).order_by("pk")
        origins = dict(closed.values_list("pk", "origin"))
        drawn = [pk for pk, origin in origins.items() if origin == Pair.Origin.RANDOM]
        slots_offer(model=Slot, subjects=drawn, queue=Queue.FRESH)
        slots_offer(model=Slot, subjects=[pk for pk in origins if pk not in set(drawn)], queue=Queue.ASKED)
        Pair.objects.filter(pk__in=list(origins)).update(closed_at=None, closed_because="")
        opening += origins
    tasks_reopen(pair_ids=opening)
    return len(opening)


# --- Ratings -----------------------------------------------------------------------------------------------------
def rating_submit(
    *,
    rater: Rater,
    token: UUID,
    key: UUID,
    value: float,
    now: datetime,
    played_ms: int = 0,
    active_ms: int = 0,
    input_method: str = "",
    evidence: dict[str, Any] | None = None,
    waive_gate: bool = False,
) -> Submission:
    """Record a rater's score of the pair that they lease under `token`. Sending the same `key` again changes nothing.

    Late work fills the slot while it is open; once all are taken it is kept as surplus and never counted. The score of
    a hidden repeat is kept beside them and never counted either. Raises
    `RaterNotActive`, `LeaseUnknown`, `KeyReused`, `TooSoon`, or `WrongGain` or `GainNotTold` where the clip was not
    played at the campaign's loudness. `waive_gate` opens the time gate to simulated raters.
    """
    told = {"played_ms": played_ms, "active_ms": active_ms, "input_method": input_method, "evidence": evidence or {}}
    return answer_once(
        rater=rater,
        stored=lambda rater: _answered(rater, token, key),
        store=lambda rater: _rate(
            rater=rater, token=token, key=key, value=value, told=told, waive_gate=waive_gate, now=now
        ),
    )


def _answered(rater: Rater, token: UUID, key: UUID) -> Submission | None:
    """The first answer to this key. Raises `KeyReused` where the token is another pair's lease."""
    rating = _BY_KEY.first(rater=rater.pk, key=key)
    if rating is None:
        return None
    slots, repeats = Slot.objects.filter(rater=rater, token=token), Repeat.objects.filter(rater=rater, token=token)
    if rating.repeat_id is None:
        slots = slots.exclude(pair=rating.pair_id)
    else:
        repeats = repeats.exclude(pk=rating.repeat_id)
    if slots.exists() or repeats.exists():
        raise KeyReused
    return Submission(rating, is_new=False)


@dataclass(frozen=True, slots=True)
class _Target:
    """What an answer is about, and the slot or the repeat that it fills; neither: it is surplus."""

    pair_id: int
    issued_at: datetime
    state: RatingState
    slot: Slot | None = None
    repeat: Repeat | None = None


def _target(rater: Rater, token: UUID, now: datetime) -> _Target:
    """Raises `LeaseUnknown`."""
    try:
        place = place_find(model=Slot, rater=rater, token=token, now=now)
    except LeaseUnknown:
        again = repeat_place(rater=rater, token=token)
        state = RatingState.REPEAT if again.is_open else RatingState.SURPLUS
        return _Target(again.repeat.pair_id, again.issued_at, state, repeat=again.repeat)
    state = RatingState.SURPLUS if place.slot is None else RatingState.COUNTED
    return _Target(place.subject_id, place.issued_at, state, slot=place.slot)


def _rate(
    *, rater: Rater, token: UUID, key: UUID, value: float, told: dict[str, Any], waive_gate: bool, now: datetime
) -> Submission:
    target = _target(rater, token, now)
    newest = _NEWEST.first(rater=rater.pk)
    (pair,) = _HEARD(id=target.pair_id)
    campaign, clip = pair.campaign, pair.clip
    gate_check(
        rater=rater,
        clips=[clip],
        share=campaign.heard_share,
        issued_at=target.issued_at,
        last_answer_at=newest[0] if newest else None,
        waive_gate=waive_gate,
        now=now,
    )
    gains_check(rater=rater, campaign=campaign, clips={"clip": clip}, evidence=told["evidence"])
    rating = _INSERT(
        slot=target.slot,
        repeat=target.repeat,
        pair_id=target.pair_id,
        rater=rater,
        value=value,
        state=target.state,
        key=key,
        is_simulated=rater.is_simulated,
        protocol=rater.protocol_label,
        created_at=now,
        **told,
    )
    if target.slot is not None:
        slot_fill(target.slot)
        pair_follow(pair_id=target.pair_id, now=now)
    elif target.repeat is not None and target.state == RatingState.REPEAT:
        repeat_fill(target.repeat)
    return Submission(rating, is_new=True)


@transaction.atomic
def rating_correct(*, rater: Rater, rating_key: UUID, key: UUID, value: float, now: datetime) -> Submission:
    """Supersede one of the rater's latest ratings by a new one; what was recorded of the listening goes along.

    Sending the same `key` again changes nothing. Raises `RaterNotActive` or `CannotCorrect`.
    """
    done = answer_correct(model=Rating, rater=rater, corrected=rating_key, key=key, changes={"value": value}, now=now)
    if done.is_new and done.answer.state == RatingState.COUNTED:
        pair_follow(pair_id=done.answer.pair_id, now=now)
    return Submission(done.answer, is_new=done.is_new)


def pair_skip(*, rater: Rater, token: UUID, reason: str, note: str = "", now: datetime) -> Pair:
    """Give a pair back and never be offered it again. Raises `RaterNotActive`, `LeaseUnknown` or `AlreadyJudged`."""
    try:
        return lease_skip(model=Slot, rater=rater, token=token, reason=reason, note=note, now=now).pair
    except LeaseUnknown:
        with transaction.atomic():
            rater_lock(rater=rater)
            return repeat_skip(rater=rater, token=token, reason=reason, note=note, now=now).pair


def rater_withdraw(*, rater: Rater, now: datetime, state: RaterState = RaterState.WITHDRAWN) -> None:
    """`raters_withdraw` of one rater."""
    raters_withdraw(raters=[rater], now=now, state=state)


@transaction.atomic
def raters_withdraw(*, raters: Collection[Rater], now: datetime, state: RaterState = RaterState.WITHDRAWN) -> None:
    """Take raters and all that they judged out, or exclude them: slots reopen and aggregates follow, in one step.

    The rows stay, as withdrawn; sealed snapshots stay as they are.
    """
    pks = [rater.pk for rater in raters]
    list(Rater.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
    list(Campaign.objects.select_for_update(no_key=True).order_by("pk"))  # one of these at a time
    Rater.objects.filter(pk__in=pks).update(state=state, is_own_pause=False)
    standing = [RatingState.COUNTED, RatingState.SURPLUS, RatingState.REPEAT]
    Rating.objects.filter(rater__in=pks, state__in=standing).update(state=RatingState.WITHDRAWN)
    repeats_withdraw(raters=raters)
    counted = Rating.objects.filter(pair=OuterRef("pk"), state=RatingState.COUNTED).order_by().values("pair")
    count = Coalesce(Subquery(counted.annotate(n=Count("pk")).values("n")), 0)
    centred = F("value") - CENTRE
    total = Coalesce(Subquery(counted.annotate(total=Sum(centred)).values("total")), 0.0)
    squares = Coalesce(Subquery(counted.annotate(squares=Sum(centred * centred)).values("squares")), 0.0)
    pairs = slots_reopen(model=Slot, raters=raters)
    for batch in batches(pairs):
        locked = Pair.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk")
        Pair.objects.filter(pk__in=[pair.pk for pair in locked]).update(
            rating_count=count,
            value_total=total,
            value_squares=squares,
            score=None,
            dispersion=None,
            completed_at=None,
        )
    tasks_follow(pair_ids=pairs)
    votes_withdraw(raters=raters)


def pair_follow(*, pair_id: int, now: datetime) -> None:
    """Bring a pair's count and score in line with its counted ratings; its preference tasks follow."""
    (pair,) = _PAIR(id=pair_id)
    before, campaign = pair.score, pair.campaign
    ratings = [records.Rating(pair.key, str(rater), value) for rater, value in _COUNTED(pair=pair_id)]
    band = (campaign.band_low, campaign.band_high)
    agreed = aggregate(ratings, raters_per_pair=pair.n_slots, trim=campaign.trim, band=band)
    pair.score, pair.dispersion = (agreed[0].score, agreed[0].dispersion) if agreed else (None, None)
    pair.completed_at = (pair.completed_at or now) if agreed else None
    total, squares = centred_sums([rating.value for rating in ratings])
    _FOLLOWING(
        id=pair_id,
        rating_count=len(ratings),
        value_total=total,
        value_squares=squares,
        score=pair.score,
        dispersion=pair.dispersion,
        completed_at=pair.completed_at,
    )
    if pair.score != before:
        tasks_follow(pair_ids=[pair.pk])


# --- What runs for every rating, compiled once -------------------------------------------------------------------
_BY_KEY = Prepared(lambda: Rating.objects.filter(rater=bound(Rating, "rater"), key=bound(Rating, "key")))
_INSERT = PreparedInsert(Rating)
_NEWEST = Prepared(
    lambda: (
        Rating.objects.filter(GIVEN_ANEW, rater=bound(Rating, "rater"))
        .order_by("-created_at")
        .values_list("created_at")[:1]
    )
)
_HEARD = Prepared(
    lambda: (
        Pair.objects.filter(pk=bound(Pair, "id"))
        .select_related("campaign", "clip__track")
        .only(
            *("campaign__loudness_lufs", "campaign__heard_percent"),
            *(f"clip__{name}" for name in ("start_frame", "stop_frame", "loudness_lufs", "true_peak_dbtp")),
            "clip__track__sample_rate",
        )
    )
)
_PAIR = Prepared(
    lambda: (
        Pair.objects.select_for_update(no_key=True, of=("self",))
        .select_related("campaign")
        .filter(pk=bound(Pair, "id"))
        .annotate(
            n_slots=Subquery(
                Slot.objects.filter(pair=OuterRef("pk")).values("pair").annotate(n=Count("pk")).values("n")
            )
        )
    )
)
_COUNTED = Prepared(
    lambda: Rating.objects.filter(pair=bound(Rating, "pair"), state=RatingState.COUNTED).values_list("rater", "value")
)
_FOLLOWING = PreparedUpdate(
    lambda: Pair.objects.filter(pk=bound(Pair, "id")),
    **{
        name: bound(Pair, name)
        for name in ("rating_count", "value_total", "value_squares", "score", "dispersion", "completed_at")
    },
)
