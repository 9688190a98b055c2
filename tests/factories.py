"""Makers of rows for the site's tests: only the facts that matter have to be given."""

from __future__ import annotations

import hashlib
import itertools
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile

from annotation_site.accounts.models import Rater, User
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Repeat, RepeatState, Slot
from annotation_site.scoring.services import pair_follow
from mpd_builder import records
from mpd_builder.preferences import task_id
from tests.conftest import NOON

_numbers = itertools.count(1)


def _sha(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind}{number}".encode()).hexdigest()


def make_user(name: str = "", *, password: str = "", **fields: Any) -> User:
    number = next(_numbers)
    name = name or f"user{number}"
    return User.objects.create_user(username=name, email=f"{name}@example.org", password=password or None, **fields)


def make_admin(name: str = "", *, password: str = "") -> User:
    return make_user(name or f"admin{next(_numbers)}", password=password, is_staff=True, is_superuser=True)


def make_rater(name: str = "", *, password: str = "", now: datetime = NOON, **fields: Any) -> Rater:
    """A rater who has consented and been briefed."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "user": make_user(name or f"rater{number}", password=password),
        "code": f"R{number:05d}",
        "order_seed": number * 7919,
        "consented_at": now,
        "briefed_at": now,
        "admitted_at": now,
        "created_at": now,
    }
    return Rater.objects.create(**defaults | fields)


def make_painting(*, now: datetime = NOON, **fields: Any) -> Painting:
    number = next(_numbers)
    sha = _sha("painting", number)
    defaults: dict[str, Any] = {
        "key": records.painting_id(sha),
        "sha256": sha,
        "file_name": f"painting-{number}.jpg",
        "title": f"Painting {number}",
        "width": 800,
        "height": 600,
        "licence": "CC0-1.0",
        "original": ContentFile(b"original", f"{sha}.jpg"),
        "display": ContentFile(b"display", f"{sha}.jpg"),
        "thumbnail": ContentFile(b"thumbnail", f"{sha}.jpg"),
        "model_input": ContentFile(b"input", f"{sha}.npy"),
        "created_at": now,
    }
    return Painting.objects.create(**defaults | fields)


def make_track(*, clips: int = 3, now: datetime = NOON, **fields: Any) -> Track:
    """A track with its clips."""
    number = next(_numbers)
    sha = _sha("track", number)
    defaults: dict[str, Any] = {
        "key": records.track_id(sha),
        "sha256": sha,
        "file_name": f"track-{number}.mp3",
        "title": f"Track {number}",
        "duration_s": 15.0 * clips,
        "sample_rate": 44_100,
        "channels": 2,
        "licence": "CC0-1.0",
        "original": ContentFile(b"original", f"{sha}.mp3"),
        "created_at": now,
    }
    track = Track.objects.create(**defaults | fields)
    for index in range(clips):
        make_clip(track=track, index=index)
    return track


def make_clip(*, track: Track | None = None, index: int = 0, **fields: Any) -> Clip:
    track = track or make_track(clips=0)
    length = 15 * track.sample_rate
    defaults: dict[str, Any] = {
        "key": records.clip_id(track.sha256, index),
        "start_frame": index * length,
        "stop_frame": (index + 1) * length,
        "audio": ContentFile(b"audio", f"{track.sha256}-{index}.mp3"),
        "mel": ContentFile(b"mel", f"{track.sha256}-{index}.npy"),
        "peaks": [0, 0] * 600,
    }
    return Clip.objects.create(track=track, index=index, **defaults | fields)


def make_campaign(*, now: datetime = NOON, **fields: Any) -> Campaign:
    number = next(_numbers)
    return Campaign.objects.create(
        **{"name": f"Campaign {number}", "slug": f"campaign-{number}", "created_at": now} | fields
    )


def make_pair(*, campaign: Campaign | None = None, now: datetime = NOON, **fields: Any) -> Pair:
    """A pair with its free slots."""
    campaign = campaign or make_campaign()
    painting = fields.pop("painting", None) or make_painting()
    clip = fields.pop("clip", None) or make_clip()
    pair = Pair.objects.create(
        campaign=campaign,
        painting=painting,
        clip=clip,
        key=records.pair_id(painting.key, clip.key),
        created_at=now,
        **fields,
    )
    quota = campaign.raters_per_pair
    Slot.objects.bulk_create(
        Slot(pair=pair, campaign=campaign, index=index, quota=quota, order_key=(pair.pk * 7919 + index) % 2**31)
        for index in range(quota)
    )
    return pair


def make_rating(*, pair: Pair, rater: Rater, value: float, now: datetime = NOON, **fields: Any) -> Rating:
    """A counted rating in the pair's next free slot; the pair's aggregate follows."""
    slot = pair.slots.filter(state=SlotState.FREE).order_by("index")[0]
    slot.state, slot.rater, slot.token, slot.leased_at = SlotState.FILLED, rater, uuid4(), now
    slot.save()
    rating = Rating.objects.create(
        **{"slot": slot, "pair": pair, "rater": rater, "value": value, "key": uuid4(), "created_at": now} | fields
    )
    pair_follow(pair_id=pair.pk, now=now)
    pair.refresh_from_db()
    return rating


def make_repeat(*, first: Rating, value: float, now: datetime = NOON, **fields: Any) -> Rating:
    """The answer to a hidden repeat of the pair of `first`, by the same rater."""
    pair, rater = first.pair, first.rater
    told = {"number": Repeat.objects.filter(rater=rater, campaign=pair.campaign).count(), "given_after": 60}
    told |= {"distance": 55, "least_distance": 50, "state": RepeatState.ANSWERED}
    repeat = Repeat.objects.create(rater=rater, campaign=pair.campaign, pair=pair, first=first, created_at=now, **told)
    row = {"repeat": repeat, "pair": pair, "rater": rater, "state": RatingState.REPEAT, "key": uuid4()}
    return Rating.objects.create(**row | {"value": value, "created_at": now} | fields)


def make_task(*, pair_a: Pair, pair_b: Pair, now: datetime = NOON, **fields: Any) -> PreferenceTask:
    """A 2AFC task between two pairs that share their clip (or else their painting), with its free slots."""
    direction, query = records.Direction.PAINTING_TO_MUSIC, pair_a.painting.key
    if pair_a.clip_id == pair_b.clip_id:
        direction, query = records.Direction.MUSIC_TO_PAINTING, pair_a.clip.key
    campaign = pair_a.campaign
    defaults: dict[str, Any] = {
        "key": task_id(direction, query, pair_a.key, pair_b.key),
        "direction": direction.value,
        "places": campaign.votes_per_task,
        "created_at": now,
    }
    task = PreferenceTask.objects.create(campaign=campaign, pair_a=pair_a, pair_b=pair_b, **defaults | fields)
    quota = campaign.votes_per_task
    VoteSlot.objects.bulk_create(
        VoteSlot(task=task, campaign=campaign, index=index, quota=quota, order_key=(task.pk * 7919 + index) % 2**31)
        for index in range(quota)
    )
    return task
