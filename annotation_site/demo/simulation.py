"""Simulated raters at work: they claim slots, score and vote through the same services as people, only faster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from annotation_site.accounts.models import Rater, User
from annotation_site.demo.truths import Truths
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.services import vote_submit
from annotation_site.scoring.holding import pairs_hold
from annotation_site.scoring.models import Campaign, HeldPair, Pair, Repeat, Slot
from annotation_site.scoring.services import rating_submit
from mpd_builder.records import Choice
from mpd_builder.synthetic.raters import Panel, panel

_NAMESPACE = uuid.UUID("6f1e63a4-55c1-4a8e-9d0f-6a3a1d0c2b77")

Progress = Callable[[int, str], None]


def _quiet(done: int, words: str) -> None:
    return None


@dataclass
class Studio:
    """A panel of simulated raters enlisted in the site, and the clock by which they work."""

    panel: Panel
    raters: Sequence[Rater]
    truths: Truths
    seed: int
    clock: datetime
    step: timedelta = timedelta(seconds=1)
    progress: Progress = field(default=_quiet)

    def tick(self) -> datetime:
        self.clock += self.step
        return self.clock


@transaction.atomic
def panel_enlist(*, preset: str, count: int, seed: int, now: datetime) -> tuple[Panel, list[Rater]]:
    """Make (or find) the accounts of a simulated panel: nobody can log in to them. Raises ValueError for a preset."""
    people = panel(preset, count, seed)
    raters = []
    for person in people.raters:
        user, is_new = User.objects.get_or_create(username=person.id, defaults={"is_active": False})
        if is_new:
            user.set_unusable_password()
            user.save()
        rater, _ = Rater.objects.get_or_create(
            code=person.id,
            defaults={
                "user": user,
                "background": f"Simulated rater (preset {preset})",
                "order_seed": uuid.uuid5(_NAMESPACE, f"{person.id} {seed}").int % 2**31,
                "is_simulated": True,
                "consented_at": now,
                "briefed_at": now,
                "admitted_at": now,
                "created_at": now,
            },
        )
        raters.append(rater)
    return people, raters


def ratings_simulate(studio: Studio, *, campaign: Campaign, limit: int, raters: Sequence[Rater] | None = None) -> int:
    """Let the raters score in turn until `limit` ratings are in or nobody finds work. Returns how many were given.

    Hidden repeats come on top and are not counted.
    """
    return _take_turns(studio, raters or studio.raters, limit, lambda rater: _rate_one(studio, campaign, rater))


def votes_simulate(studio: Studio, *, campaign: Campaign, limit: int, raters: Sequence[Rater] | None = None) -> int:
    """The same for votes on preference tasks."""
    return _take_turns(studio, raters or studio.raters, limit, lambda rater: _vote_once(studio, campaign, rater))


def _take_turns(studio: Studio, raters: Sequence[Rater], limit: int, work: Callable[[Rater], bool]) -> int:
    done, idle = 0, set[int]()
    while done < limit and len(idle) < len(raters):
        for rater in raters:
            if done >= limit or rater.pk in idle:
                continue
            if work(rater):
                done += 1
                studio.progress(done, rater.code)
            else:
                idle.add(rater.pk)
    return done


def _rate_one(studio: Studio, campaign: Campaign, rater: Rater) -> bool:
    """One rating, and the hidden repeats that come before it. False where there is no pair to rate."""
    while True:
        held = pairs_hold(rater=rater, campaign=campaign, count=1, now=studio.tick()).leases
        if not held:
            return False
        _rate(studio, campaign, rater, held[0])
        if isinstance(held[0], Slot):
            return True


def _rate(studio: Studio, campaign: Campaign, rater: Rater, held: HeldPair) -> None:
    pair = Pair.objects.select_related("painting", "clip__track").get(pk=held.pair_id)
    is_again = isinstance(held, Repeat)
    slot = Slot.objects.get(pair=pair, rater=rater)  # of a repeat, the one that they filled the first time
    give = studio.panel.rate_again if is_again else studio.panel.rate
    given = give(
        pair_id=pair.key,
        truth=studio.truths.of(pair),
        slot=slot.index,
        rater_id=rater.code,
        seed=studio.seed,
        raters_per_pair=slot.quota,
    )
    name = f"{studio.seed} {rater.code} {campaign.pk} {pair.key}{' again' if is_again else ''}"
    assert held.token is not None
    rating_submit(
        rater=rater,
        token=held.token,
        key=uuid.uuid5(_NAMESPACE, name),
        value=given.value,
        played_ms=given.played_ms,
        active_ms=given.active_ms,
        input_method=given.input_method,
        waive_gate=True,
        now=studio.clock,
    )


def _vote_once(studio: Studio, campaign: Campaign, rater: Rater) -> bool:
    held = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=studio.tick())
    if not held:
        return False
    slot = held[0]
    related = ("pair_a__painting", "pair_a__clip__track", "pair_b__painting", "pair_b__clip__track")
    task = PreferenceTask.objects.select_related(*related).get(pk=slot.task_id)
    given = studio.panel.vote(
        task_id=task.key,
        truth_a=studio.truths.of(task.pair_a),
        truth_b=studio.truths.of(task.pair_b),
        rater_id=rater.code,
        seed=studio.seed,
        left=Choice(slot.left),
    )
    assert slot.token is not None
    vote_submit(
        rater=rater,
        token=slot.token,
        key=uuid.uuid5(_NAMESPACE, f"{studio.seed} {rater.code} {campaign.pk} {task.key}"),
        choice=given.choice.value,
        waive_gate=True,
        now=studio.clock,
    )
    return True
