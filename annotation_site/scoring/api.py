"""REST endpoints of the scoring page: a rater's own leases, ratings and skips. Nothing here tells which pair it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.accounts.models import Rater
from annotation_site.leases import api
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.holding import pair_release, pair_renew, pairs_hold
from annotation_site.scoring.models import Campaign, HeldPair, Rating, RatingState
from annotation_site.scoring.selectors import leased_pairs, none_because
from annotation_site.scoring.services import Submission, pair_skip, rating_correct, rating_submit


class Scored(api.Judged):
    value = serializers.FloatField(min_value=0.0, max_value=1.0)
    played_ms = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    input_method = serializers.CharField(max_length=12, default="", allow_blank=True)


class RatingCorrected(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    value = serializers.FloatField(min_value=0.0, max_value=1.0)


class PairLease(api.Leased):
    painting = api.PaintingShown()
    clip = api.ClipPlayed()


class RatingGiven(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The key that it was sent under.")
    state = serializers.CharField(
        help_text="counted; or surplus, where others filled the pair first: kept, not counted."
    )
    value = serializers.FloatField()


class PairWork(serializers.Serializer[Any]):
    leases = PairLease(many=True)
    progress = api.Progress()
    none_because = serializers.CharField(help_text="Why there is no lease, as a sentence; else empty.")


class RatingAnswered(PairWork):
    rating = RatingGiven()


class RatingCorrectionTaken(serializers.Serializer[Any]):
    rating = RatingGiven()


_CAMPAIGN = Prepared(lambda: Campaign.objects.filter(pairs=bound(Rating, "pair")))


def work_of(*, rater: Rater, campaign: Campaign, count: int, now: datetime) -> dict[str, Any]:
    """What a rater has to do in a campaign, topped up to `count` leases."""
    hold = pairs_hold(rater=rater, campaign=campaign, count=count, now=now)
    leases = leased_pairs(leases=hold.leases)
    if len(leases) < len(hold.leases):  # a page that was just left gave some back: this one asks again
        hold = pairs_hold(rater=rater, campaign=campaign, count=count, now=now)
        leases = leased_pairs(leases=hold.leases)
    return {
        "leases": leases,
        "progress": hold.progress,
        "none_because": "" if leases else none_because(rater=rater, campaign=campaign),
    }


def pair_lease(lease: HeldPair) -> dict[str, Any]:
    """As `PairLease` says: of a slot and of a hidden repeat the same."""
    painting, clip = api.painting_shown(lease.pair.painting), api.clip_played(lease.pair.clip, lease.campaign)
    return {**api.leased(lease), "painting": painting, "clip": clip}


def _told(work: dict[str, Any]) -> dict[str, Any]:
    """As `PairWork` says."""
    leases = [pair_lease(lease) for lease in work["leases"]]
    return {**work, "leases": leases, "progress": asdict(work["progress"])}


def _given(rating: Rating) -> dict[str, Any]:
    """As `RatingGiven` says: the answer to a hidden repeat looks like any other."""
    state = RatingState.COUNTED if rating.state == RatingState.REPEAT else rating.state
    return {"id": rating.key, "state": state, "value": rating.value}


class LeasesView(api.RaterView):
    @extend_schema(request=api.LeasesWanted, responses={200: PairWork, 403: api.Refusal, 404: api.Refusal})
    def post(self, request: Request) -> Response:
        """The rater's live leases in a campaign, oldest first, topped up to `count` while there is work."""
        wanted = api.read(api.LeasesWanted, request)
        campaign = api.campaign_of(wanted["campaign"])
        return Response(_told(work_of(rater=self.rater, campaign=campaign, count=wanted["count"], now=timezone.now())))


class RatingsView(api.RaterView):
    @extend_schema(
        request=Scored, responses={200: RatingAnswered, 201: RatingAnswered, 404: api.Refusal, 409: api.Refusal}
    )
    def post(self, request: Request) -> Response:
        """Send a score; the answer carries the next leases. The same key again: status 200 and the same rating."""
        told = api.read(Scored, request)
        count, now = told.pop("count"), timezone.now()
        done = rating_submit(rater=self.rater, now=now, **told)
        (campaign,) = _CAMPAIGN(pair=done.rating.pair_id)
        work = work_of(rater=self.rater, campaign=campaign, count=count, now=now)
        return Response({"rating": _given(done.rating), **_told(work)}, status=_status(done))


class CorrectionView(api.RaterView):
    @extend_schema(
        request=RatingCorrected, responses={200: RatingCorrectionTaken, 201: RatingCorrectionTaken, 409: api.Refusal}
    )
    def post(self, request: Request, rating: UUID) -> Response:
        """Correct one of the rater's own latest ratings."""
        told = api.read(RatingCorrected, request)
        done = rating_correct(rater=self.rater, rating_key=rating, now=timezone.now(), **told)
        return Response({"rating": _given(done.rating)}, status=_status(done))


class SkipView(api.RaterView):
    @extend_schema(request=api.Skipped, responses={200: PairWork, 404: api.Refusal, 409: api.Refusal})
    def post(self, request: Request, token: UUID) -> Response:
        """Give a pair back for good, with the reason; the answer carries the next leases."""
        told = api.read(api.Skipped, request)
        count, now = told.pop("count"), timezone.now()
        pair = pair_skip(rater=self.rater, token=token, now=now, **told)
        return Response(_told(work_of(rater=self.rater, campaign=pair.campaign, count=count, now=now)))


class RenewView(api.RenewView):
    def renew(self, *, token: UUID, now: datetime) -> datetime:
        return pair_renew(rater=self.rater, token=token, now=now)


class ReleaseView(api.ReleaseView):
    def release(self, *, token: UUID, now: datetime) -> None:
        pair_release(rater=self.rater, token=token, now=now)


def _status(done: Submission) -> int:
    return status.HTTP_201_CREATED if done.is_new else status.HTTP_200_OK
