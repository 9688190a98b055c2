"""Reads about scoring: what a rater sees of their work, what an admin sees of a campaign."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.db.models.lookups import Exact
from django.utils import timezone

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.models import (
    Campaign,
    HeldPair,
    Pair,
    Queue,
    Rating,
    RatingState,
    Repeat,
    RepeatState,
    Slot,
    SlotBar,
    SlotState,
)
from mpd_builder.playback import is_held_back


class NoSuchCampaign(Exception):
    """No campaign, or more than one, fits; the text says which there are."""


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """A campaign in numbers, each counted from its rows. `open`: nobody has rated it yet; `begun`: some, not all.

    `closed` pairs are given to nobody and are not complete; their empty slots are not wanted any more.
    """

    pairs: int
    open: int
    begun: int
    complete: int
    closed: int
    ratings: int
    ratings_wanted: int
    surplus: int
    leased: int
    raters: int
    over_quota: int

    @property
    def percent(self) -> int:
        return int(100 * self.ratings / self.ratings_wanted) if self.ratings_wanted else 0


def campaign_progress(*, campaign: Campaign, now: datetime) -> CampaignProgress:
    """Count a campaign's pairs, ratings and live leases, and the pairs with more counted ratings than slots."""
    pairs = Pair.objects.filter(campaign=campaign)
    by_state = pairs.aggregate(
        pairs=Count("pk"),
        open=Count("pk", filter=Q(rating_count=0, closed_at=None)),
        begun=Count("pk", filter=Q(rating_count__gt=0, completed_at=None, closed_at=None)),
        complete=Count("pk", filter=Q(completed_at__isnull=False)),
        closed=Count("pk", filter=Q(completed_at=None, closed_at__isnull=False)),
    )
    slots = Slot.objects.filter(campaign=campaign)
    ratings = Rating.objects.filter(pair__campaign=campaign)
    counted = ratings.filter(state=RatingState.COUNTED)
    return CampaignProgress(
        **by_state,
        ratings=counted.count(),
        ratings_wanted=slots.filter(~Q(queue=Queue.CLOSED) | Q(state=SlotState.FILLED)).count(),
        surplus=ratings.filter(state=RatingState.SURPLUS).count(),
        leased=slots.filter(state=SlotState.LEASED, lease_expires_at__gt=now).count(),
        raters=counted.aggregate(n=Count("rater", distinct=True))["n"],
        over_quota=pairs_over_quota(campaign=campaign),
    )


@dataclass(frozen=True, slots=True)
class CampaignPlayback:
    """How a campaign plays the clips of its pairs. `unmeasured` have no known loudness, so they are played as they are;
    `held_back` stay softer than the target, since their peaks leave no more room.
    """

    target_lufs: float | None
    clips: int
    unmeasured: int
    held_back: int


def campaign_playback(*, campaign: Campaign) -> CampaignPlayback:
    paired = Clip.objects.filter(pk__in=Pair.objects.filter(campaign=campaign).values("clip"))
    target = campaign.loudness_lufs
    levels = list(paired.values_list("loudness_lufs", "true_peak_dbtp"))
    held_back = (
        is_held_back(target_lufs=target, loudness_lufs=loudness, true_peak_dbtp=peak) for loudness, peak in levels
    )
    return CampaignPlayback(
        target_lufs=target,
        clips=len(levels),
        unmeasured=sum(loudness is None for loudness, _ in levels),
        held_back=sum(held_back),
    )


def pairs_over_quota(*, campaign: Campaign) -> int:
    """How many pairs have more counted ratings than slots: constraints keep it at 0, this counts the rows."""
    ratings = Rating.objects.filter(pair=OuterRef("pk"), state=RatingState.COUNTED).order_by().values("pair")
    slots = Slot.objects.filter(pair=OuterRef("pk")).order_by().values("pair")
    return (
        Pair.objects.filter(campaign=campaign)
        .annotate(
            n_ratings=Coalesce(Subquery(ratings.annotate(n=Count("pk")).values("n")), 0),
            n_slots=Coalesce(Subquery(slots.annotate(n=Count("pk")).values("n")), 0),
        )
        .filter(n_ratings__gt=F("n_slots"))
        .count()
    )


# Was it given anew, not as a correction? Written so that no database looks it up in the index of `supersedes`, where
# the empty ones are nearly all ratings of everybody.
GIVEN_ANEW = Q(Exact(Coalesce("supersedes_id", 0), 0))


def _counts() -> QuerySet[Rater, tuple[int, int, int, str]]:
    """Of one rater in one campaign: filled slots, ratings since then, repeats answered, and the newest repeat."""
    campaign = bound(Slot, "campaign")
    mine = Slot.objects.filter(rater=OuterRef("pk"), campaign=campaign, state=SlotState.FILLED)
    since = bound(Rating, "created_at", "since")
    today = Rating.objects.filter(GIVEN_ANEW, rater=OuterRef("pk"), created_at__gte=since, pair__campaign=campaign)
    repeats = Repeat.objects.filter(rater=OuterRef("pk"), campaign=campaign)
    again = repeats.filter(state=RepeatState.ANSWERED)
    counts = [rows.values("rater").annotate(n=Count("pk")).values("n") for rows in (mine, today, again)]
    number, given_after = (Cast(name, CharField()) for name in ("number", "given_after"))
    newest = repeats.order_by("-number").values(told=Concat(number, Value(" "), given_after, Value(" "), "state"))
    return Rater.objects.filter(pk=bound(Rater, "id")).values_list(
        *(Coalesce(Subquery(count), 0) for count in counts), Coalesce(Subquery(newest[:1]), Value("-1 0 none"))
    )


_STANDING = Prepared(_counts)
_SHOWN_WITH = ("campaign", "pair__painting", "pair__clip__track")
_SHOWN = Prepared(
    lambda: (
        Slot.objects.filter(rater=bound(Slot, "rater"), campaign=bound(Slot, "campaign"), state=SlotState.LEASED)
        .select_related(*_SHOWN_WITH)
        .only(
            *("token", "leased_at", "lease_expires_at", "campaign__loudness_lufs", "pair__clip__track__sample_rate"),
            *(f"pair__painting__{name}" for name in ("display", "thumbnail", "width", "height")),
            *(f"pair__clip__{name}" for name in ("audio", "peaks", "start_frame", "stop_frame")),
            *(f"pair__clip__{name}" for name in ("loudness_lufs", "true_peak_dbtp")),
        )
    )
)


@dataclass(frozen=True, slots=True)
class OwnProgress:
    """What a rater did in a campaign: answers that stand, and answers since midnight (the site's time zone).

    Hidden repeats are among them, since the rater takes them for work like all other.
    """

    mine: int
    session: int


@dataclass(frozen=True, slots=True)
class OwnStanding:
    """What is asked of a rater's work with each claim. `rated`: counted ratings; `given_after`: their number when the
    newest repeat was given, the one `repeats_given` - 1.
    """

    rated: int
    today: int
    repeated: int
    repeats_given: int
    given_after: int
    has_open_repeat: bool

    @property
    def progress(self) -> OwnProgress:
        return OwnProgress(mine=self.rated + self.repeated, session=self.today)


def own_standing(*, rater: Rater, campaign: Campaign, now: datetime) -> OwnStanding:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    ((rated, today, repeated, newest),) = _STANDING(id=rater.pk, campaign=campaign.pk, since=midnight)
    number, given_after, state = newest.split()
    return OwnStanding(
        rated=rated,
        today=today,
        repeated=repeated,
        repeats_given=int(number) + 1,
        given_after=int(given_after),
        has_open_repeat=state == RepeatState.OPEN,  # only the newest can be open: the next is made after it ended
    )


def own_progress(*, rater: Rater, campaign: Campaign, now: datetime) -> OwnProgress:
    return own_standing(rater=rater, campaign=campaign, now=now).progress


def leased_pairs(*, leases: Collection[HeldPair]) -> list[HeldPair]:
    """What one rater holds in one campaign with all that a page shows of the pairs, in the same order.

    What another of their tabs has given back meanwhile is left out.
    """
    if not leases:
        return []
    holder = next(iter(leases))
    slots: dict[int, Slot] = {}
    if any(isinstance(lease, Slot) for lease in leases):
        slots = {slot.pk: slot for slot in _SHOWN(rater=holder.rater_id, campaign=holder.campaign_id)}
    return [
        slots[lease.pk] if isinstance(lease, Slot) else Repeat.objects.select_related(*_SHOWN_WITH).get(pk=lease.pk)
        for lease in leases
        if lease.pk in slots or not isinstance(lease, Slot)
    ]


def repeat_values(
    *, campaign: Campaign, rater: Rater | None = None, before: datetime | None = None
) -> list[tuple[int, float, float]]:
    """(rater, first score, score when the pair came back) of each answered repeat, in the order of giving.

    `before`: of answers given before that moment only.
    """
    answers = Rating.objects.filter(repeat__campaign=campaign, state=RatingState.REPEAT)
    if rater is not None:
        answers = answers.filter(rater=rater)
    if before is not None:
        answers = answers.filter(created_at__lt=before)
    return list(answers.order_by("pk").values_list("rater_id", "repeat__first__value", "value"))


def none_because(*, rater: Rater, campaign: Campaign) -> str:
    """Why there is no pair for this rater now, as a sentence."""
    if not campaign.is_open:
        return "This campaign is closed. Thank you for your work."
    pairs = Pair.objects.filter(campaign=campaign)
    if not pairs.exists():
        return "There are no pairs in this campaign yet."
    incomplete = pairs.filter(completed_at=None, closed_at=None)
    if not incomplete.exists():
        return "Every pair has all its ratings. Thank you!"
    own = Slot.objects.filter(pair=OuterRef("pk"), rater=rater)
    barred = SlotBar.objects.filter(pair=OuterRef("pk"), rater=rater)
    if not incomplete.exclude(Exists(own)).exclude(Exists(barred)).exists():
        return "You have rated or skipped every pair that is still open. Thank you!"
    return "All that is left for you is with other raters just now. Look in again in a few minutes."


def campaigns_meant() -> QuerySet[Campaign]:
    """The campaigns that a command without a slug may mean: once there are real paintings, those of real items."""
    is_real = Painting.objects.filter(is_synthetic=False).exists()
    return Campaign.objects.filter(is_synthetic=False) if is_real else Campaign.objects.all()


def campaign_find(*, slug: str = "") -> Campaign:
    """The campaign with this slug; with none given, the only one of `campaigns_meant`. Raises `NoSuchCampaign`."""
    found = Campaign.objects.filter(slug=slug) if slug else campaigns_meant()
    slugs = list(found.values_list("slug", flat=True)[:2])
    if len(slugs) == 1:
        return found.get()
    there = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
    if slug:
        raise NoSuchCampaign(f"There is no campaign “{slug}”. Campaigns: {there}.")
    raise NoSuchCampaign(f"Say which campaign with --campaign. Campaigns: {there}.")
