"""A campaign on the site with real media files: paintings, clips, complete pairs, tasks and votes."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from random import Random

import numpy as np
from django.core.files.base import ContentFile
from PIL import Image

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_track


@dataclass(frozen=True)
class Judged:
    campaign: Campaign
    paintings: list[Painting]
    clips: list[Clip]
    pairs: list[Pair]
    raters: list[Rater]


def jpeg(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 100, 50)).save(file, "JPEG")
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def painting_with_media(shade: int) -> Painting:
    pixels = np.full((256, 256, 3), shade, np.uint8)
    return make_painting(
        display=ContentFile(jpeg(shade), f"p{shade}.jpg"), model_input=ContentFile(npy(pixels), f"p{shade}.npy")
    )


def clip_with_media(level: int) -> Clip:
    mel = np.full((128, 469), -level, np.float16)
    return make_clip(
        track=make_track(clips=0),
        audio=ContentFile(b"fLaC" + bytes([level]), f"c{level}.flac"),
        mel=ContentFile(npy(mel), f"c{level}.npy"),
    )


def judged_campaign() -> Judged:
    """Four paintings x three clips, all rated by five of six raters around 0.5; one task in each direction."""
    items = [painting_with_media(shade) for shade in range(4)], [clip_with_media(level) for level in range(3)]
    return judge(*items, [make_rater() for _ in range(6)], Random(1))


def judge(paintings: list[Painting], clips: list[Clip], raters: list[Rater], order: Random) -> Judged:
    """A new campaign with the same judgments of the same items, its rows inserted in the order that is drawn."""
    campaign = make_campaign()
    cells = {(p, c): (painting, clip) for p, painting in enumerate(paintings) for c, clip in enumerate(clips)}
    pairs = {}
    for cell in order.sample(sorted(cells), len(cells)):
        painting, clip = cells[cell]
        pairs[cell] = make_pair(campaign=campaign, painting=painting, clip=clip)
    work = [
        (cell, index, number)
        for cell in cells
        for index, number in enumerate(number for number in range(6) if number != sum(cell) % 6)
    ]
    for cell, index, number in order.sample(work, len(work)):
        rate(pairs[cell], index, raters[number], value=round(0.44 + 0.02 * number + 0.01 * cell[0], 2))
    Pair.objects.filter(campaign=campaign).update(rating_count=5, score=0.5, completed_at=NOON)
    votes = [
        ("music->painting", (pairs[0, 0], pairs[1, 0]), clips[0].key),
        ("painting->music", (pairs[0, 0], pairs[0, 1]), paintings[0].key),
    ]
    for direction, two, query in order.sample(votes, 2):
        vote(campaign, raters, direction=direction, pairs=two, query=query)
    return Judged(campaign, paintings, clips, [pairs[cell] for cell in sorted(pairs)], raters)


def rate(pair: Pair, index: int, rater: Rater, *, value: float) -> None:
    slot = Slot.objects.get(pair=pair, index=index)
    fill(slot, rater)
    Rating.objects.create(
        slot=slot,
        pair=pair,
        rater=rater,
        value=value,
        key=uuid.uuid4(),
        played_ms=15_000,
        active_ms=20_000,
        input_method="keyboard",
        created_at=NOON,
    )


def fill(slot: Slot | VoteSlot, rater: Rater) -> None:
    slot.rater, slot.token, slot.state = rater, uuid.uuid4(), SlotState.FILLED
    slot.save()


def vote(campaign: Campaign, raters: list[Rater], *, direction: str, pairs: tuple[Pair, Pair], query: str) -> None:
    task = PreferenceTask.objects.create(
        campaign=campaign,
        key=f"{direction[0]}_{query}",
        direction=direction,
        pair_a=pairs[0],
        pair_b=pairs[1],
        created_at=NOON,
    )
    for index, rater in enumerate(raters[:3]):
        slot = VoteSlot.objects.create(task=task, campaign=campaign, index=index, quota=3, order_key=index)
        fill(slot, rater)
        choice = "a" if index < 2 else "b"
        Vote.objects.create(
            slot=slot, task=task, rater=rater, choice=choice, left="b", key=uuid.uuid4(), created_at=NOON
        )
