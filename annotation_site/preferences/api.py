"""REST endpoints of the preference page: a rater's own leases, votes and skips. Nothing here tells which task it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.accounts.models import Rater
from annotation_site.leases import api
from annotation_site.leases.services import lease_hold, lease_release, lease_renew
from annotation_site.preferences.models import DirectionChoice, Side, Vote, VoteSlot
from annotation_site.preferences.selectors import leased_tasks, none_because, own_progress
from annotation_site.preferences.services import VoteSubmission, task_skip, vote_correct, vote_submit
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.models import Campaign, Pair


class Chosen(api.Judged):
    choice = serializers.ChoiceField(choices=Side.choices)


class VoteCorrected(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    choice = serializers.ChoiceField(choices=Side.choices)


class PaintingItem(api.PaintingShown):
    kind = serializers.ChoiceField(choices=["painting"], default="painting", read_only=True)


class ClipItem(api.ClipPlayed):
    kind = serializers.ChoiceField(choices=["clip"], default="clip", read_only=True)


_ITEM = PolymorphicProxySerializer(
    component_name="Item", serializers={"painting": PaintingItem, "clip": ClipItem}, resource_type_field_name="kind"
)


@extend_schema_field(_ITEM)
class Item(serializers.JSONField):
    """A painting or a clip, by `kind`."""


class Candidate(serializers.Serializer[Any]):
    choice = serializers.ChoiceField(choices=Side.choices)
    item = Item()


class TaskLease(api.Leased):
    direction = serializers.ChoiceField(choices=DirectionChoice.choices)
    query = Item()
    candidates = Candidate(many=True, help_text="Left, then right.")
    first = serializers.ChoiceField(
        choices=Side.choices, help_text="Which candidate to play first where both are music, whatever its side."
    )


class VoteGiven(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The key that it was sent under.")
    state = serializers.CharField(
        help_text="counted; or surplus, where others filled the task first: kept, not counted."
    )
    choice = serializers.CharField()


class TaskWork(serializers.Serializer[Any]):
    leases = TaskLease(many=True)
    progress = api.Progress()
    none_because = serializers.CharField(help_text="Why there is no lease, as a sentence; else empty.")


class VoteAnswered(TaskWork):
    vote = VoteGiven()


class VoteCorrectionTaken(serializers.Serializer[Any]):
    vote = VoteGiven()


_CAMPAIGN = Prepared(lambda: Campaign.objects.filter(tasks=bound(Vote, "task")))


def work_of(*, rater: Rater, campaign: Campaign, count: int, now: datetime) -> dict[str, Any]:
    """What a rater has to compare in a campaign, topped up to `count` leases."""
    held = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=count, now=now)
    leases = leased_tasks(slots=held)
    if len(leases) < len(held):  # a page that was just left gave some back: this one asks again
        held = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=count, now=now)
        leases = leased_tasks(slots=held)
    return {
        "leases": leases,
        "progress": own_progress(rater=rater, campaign=campaign, now=now),
        "none_because": "" if leases else none_because(rater=rater, campaign=campaign),
    }


def task_lease(slot: VoteSlot) -> dict[str, Any]:
    pairs = {Side.A: slot.task.pair_a, Side.B: slot.task.pair_b}
    sides = (Side.A, Side.B) if slot.left == Side.A else (Side.B, Side.A)
    asks_with_music = slot.task.direction == DirectionChoice.MUSIC_TO_PAINTING
    return {
        **api.leased(slot),
        "direction": slot.task.direction,
        "query": _item(slot, slot.task.pair_a, is_clip=asks_with_music),
        "candidates": [
            {"choice": side.value, "item": _item(slot, pairs[side], is_clip=not asks_with_music)} for side in sides
        ],
        "first": slot.first,
    }


def _item(slot: VoteSlot, pair: Pair, *, is_clip: bool) -> dict[str, Any]:
    if is_clip:
        return {"kind": "clip", **api.clip_played(pair.clip, slot.campaign)}
    return {"kind": "painting", **api.painting_shown(pair.painting)}


def _told(work: dict[str, Any]) -> dict[str, Any]:
    """As `TaskWork` says."""
    leases = [task_lease(slot) for slot in work["leases"]]
    return {**work, "leases": leases, "progress": asdict(work["progress"])}


def _given(vote: Vote) -> dict[str, Any]:
    return {"id": vote.key, "state": vote.state, "choice": vote.choice}


class LeasesView(api.RaterView):
    @extend_schema(request=api.LeasesWanted, responses={200: TaskWork, 403: api.Refusal, 404: api.Refusal})
    def post(self, request: Request) -> Response:
        """The rater's live leases in a campaign, oldest first, topped up to `count` while there is work."""
        wanted = api.read(api.LeasesWanted, request)
        campaign = api.campaign_of(wanted["campaign"])
        return Response(_told(work_of(rater=self.rater, campaign=campaign, count=wanted["count"], now=timezone.now())))


class VotesView(api.RaterView):
    @extend_schema(request=Chosen, responses={200: VoteAnswered, 201: VoteAnswered, 404: api.Refusal, 409: api.Refusal})
    def post(self, request: Request) -> Response:
        """Send a choice; the answer carries the next leases. The same key again: status 200 and the same vote."""
        told = api.read(Chosen, request)
        count, now = told.pop("count"), timezone.now()
        done = vote_submit(rater=self.rater, now=now, **told)
        (campaign,) = _CAMPAIGN(task=done.vote.task_id)
        work = work_of(rater=self.rater, campaign=campaign, count=count, now=now)
        return Response({"vote": _given(done.vote), **_told(work)}, status=_status(done))


class CorrectionView(api.RaterView):
    @extend_schema(
        request=VoteCorrected, responses={200: VoteCorrectionTaken, 201: VoteCorrectionTaken, 409: api.Refusal}
    )
    def post(self, request: Request, vote: UUID) -> Response:
        """Correct one of the rater's own latest votes."""
        told = api.read(VoteCorrected, request)
        done = vote_correct(rater=self.rater, vote_key=vote, now=timezone.now(), **told)
        return Response({"vote": _given(done.vote)}, status=_status(done))


class SkipView(api.RaterView):
    @extend_schema(request=api.Skipped, responses={200: TaskWork, 404: api.Refusal, 409: api.Refusal})
    def post(self, request: Request, token: UUID) -> Response:
        """Give a task back for good, with the reason; the answer carries the next leases."""
        told = api.read(api.Skipped, request)
        count, now = told.pop("count"), timezone.now()
        task = task_skip(rater=self.rater, token=token, now=now, **told)
        return Response(_told(work_of(rater=self.rater, campaign=task.campaign, count=count, now=now)))


class RenewView(api.RenewView):
    def renew(self, *, token: UUID, now: datetime) -> datetime:
        return lease_renew(model=VoteSlot, rater=self.rater, token=token, now=now)


class ReleaseView(api.ReleaseView):
    def release(self, *, token: UUID, now: datetime) -> None:
        lease_release(model=VoteSlot, rater=self.rater, token=token, now=now)


def _status(done: VoteSubmission) -> int:
    return status.HTTP_201_CREATED if done.is_new else status.HTTP_200_OK
