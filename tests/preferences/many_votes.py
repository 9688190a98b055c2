"""Tasks and votes of the builder's records, stored as rows at once: for what is counted from very many of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import uuid4

from django.db.models import Model

from annotation_site.accounts.models import Rater, User
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder import records
from tests.conftest import NOON

_ROWS = 500
Row = TypeVar("Row", bound=Model)


def votes_store(
    *,
    campaign: Campaign,
    pairs: Collection[records.Pair],
    tasks: Sequence[records.PreferenceTask],
    votes: Sequence[records.Vote],
    scores: Mapping[str, float],
) -> None:
    """All of it with the very ids of the records. Slots are filled; no tally is kept in the tasks, as none is read."""
    pair_of = _pairs(campaign, pairs, scores)
    task_of = _keep(
        PreferenceTask(
            campaign=campaign,
            key=task.id,
            direction=task.direction.value,
            pair_a=pair_of[task.pair_a],
            pair_b=pair_of[task.pair_b],
            created_at=NOON,
        )
        for task in tasks
    )
    rater_of = _raters({vote.rater_id for vote in votes})
    index_of = dict.fromkeys(task_of, 0)
    slots = []
    for vote in votes:
        index, index_of[vote.task_id] = index_of[vote.task_id], index_of[vote.task_id] + 1
        slots.append(
            VoteSlot(
                task=task_of[vote.task_id],
                campaign=campaign,
                index=index,
                quota=index + 1,
                order_key=index,
                state=SlotState.FILLED,
                rater=rater_of[vote.rater_id],
                token=uuid4(),
                leased_at=NOON,
                left=vote.left.value,
            )
        )
    VoteSlot.objects.bulk_create(slots, batch_size=_ROWS)
    Vote.objects.bulk_create(
        (
            Vote(
                slot=slot,
                task=slot.task,
                rater=slot.rater,
                choice=vote.choice.value,
                left=vote.left.value,
                key=uuid4(),
                is_simulated=True,
                created_at=NOON,
            )
            for vote, slot in zip(votes, slots, strict=True)
        ),
        batch_size=_ROWS,
    )


def _pairs(campaign: Campaign, pairs: Collection[records.Pair], scores: Mapping[str, float]) -> dict[str, Pair]:
    paintings = _keep(
        Painting(
            key=key,
            sha256=key,
            title=key,
            file_name=key,
            width=8,
            height=6,
            thumbnail="none.jpg",
            display="none.jpg",
            created_at=NOON,
        )
        for key in sorted({pair.painting_id for pair in pairs})
    )
    clip_keys = sorted({pair.clip_id for pair in pairs})
    tracks = _keep(
        Track(
            key=f"t{key}",
            sha256=f"t{key}",
            title=key,
            file_name=key,
            duration_s=15,
            sample_rate=8,
            channels=1,
            created_at=NOON,
        )
        for key in clip_keys
    )
    clips = _keep(
        Clip(key=key, track=tracks[f"t{key}"], index=0, start_frame=0, stop_frame=120, audio="none.flac")
        for key in clip_keys
    )
    return _keep(
        Pair(
            campaign=campaign,
            painting=paintings[pair.painting_id],
            clip=clips[pair.clip_id],
            key=pair.id,
            score=scores.get(pair.id),
            created_at=NOON,
        )
        for pair in pairs
    )


def _raters(codes: set[str]) -> dict[str, Rater]:
    users = User.objects.bulk_create((User(username=code) for code in sorted(codes)), batch_size=_ROWS)
    raters = Rater.objects.bulk_create(
        (Rater(user=user, code=user.username, order_seed=0, is_simulated=True, created_at=NOON) for user in users),
        batch_size=_ROWS,
    )
    return {rater.code: rater for rater in raters}


def _keep(rows: Iterator[Row]) -> dict[str, Row]:
    """Stored, by key."""
    made = list(rows)
    if not made:
        return {}
    type(made[0])._default_manager.bulk_create(made, batch_size=_ROWS)
    return {row.key: row for row in made}  # type: ignore[attr-defined]
