"""A small campaign whose every number can be worked out by hand, and votes at will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import PreferenceTask, Vote
from annotation_site.preferences.services import task_follow
from annotation_site.scoring.models import Campaign, Pair
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_task


@dataclass(frozen=True)
class Worked:
    """`pairs` and `tasks` by letters: A to D are paintings for the clip `clip`, x to z clips for the `painting`."""

    campaign: Campaign
    raters: Sequence[Rater]
    clip: Clip
    painting: Painting
    pairs: dict[str, Pair]
    tasks: dict[str, PreferenceTask]


SCORES = {"A": 0.45, "B": 0.50, "C": 0.55, "D": 0.60, "x": 0.42, "y": 0.50, "z": 0.58}
ANSWERS = {  # whom each rater in turn preferred; there is a cycle: A over B over C over A
    "AB": "AAB",
    "BC": "BBB",
    "CA": "CCA",
    "CD": "CC",  # two votes: open
    "xy": "yyy",
    "yz": "zzy",
    "xz": "zzz",
}
LEFT = ("1111111", "1010100", "101010")
"""Whether each rater's choices, in the order of `ANSWERS`, were on the left: 7 of 7, 3 of 7, 3 of 6."""


def worked_campaign(
    *,
    painting: Callable[[int], Painting] = lambda number: make_painting(),
    clip: Callable[[int], Clip] = lambda number: make_clip(),
) -> Worked:
    """20 votes of three raters on seven tasks; `painting` and `clip` make the items, numbered from 0."""
    campaign = make_campaign(name="Winter panel", slug="winter")
    raters = [make_rater() for _ in range(3)]
    paintings, clips = [painting(number) for number in range(5)], [clip(number) for number in range(4)]
    pairs = {
        letter: ambiguous(
            campaign,
            SCORES[letter],
            painting=paintings["ABCD".find(letter)],  # -1, the last, for the others
            clip=clips["xyz".find(letter)],
        )
        for letter in SCORES
    }
    tasks = {letters: make_task(pair_a=pairs[letters[0]], pair_b=pairs[letters[1]]) for letters in ANSWERS}
    for rater, sides in zip(range(3), LEFT, strict=True):
        asked = [letters for letters, winners in ANSWERS.items() if rater < len(winners)]
        for letters, side in zip(asked, sides, strict=True):
            choice = "ab"[letters.index(ANSWERS[letters][rater])]
            cast(tasks[letters], raters[rater], choice, is_left=side == "1")
    return Worked(campaign, raters, clips[-1], paintings[-1], pairs, tasks)


def ambiguous(campaign: Campaign, score: float = 0.5, **items: Painting | Clip) -> Pair:
    """A complete pair; only its aggregate is there."""
    return make_pair(campaign=campaign, score=score, dispersion=0.1, rating_count=5, completed_at=NOON, **items)


def cast(task: PreferenceTask, rater: Rater, choice: str, *, is_left: bool) -> Vote:
    """A counted vote in the task's next free slot; `is_left`: the chosen candidate was on the left."""
    slot = task.slots.filter(state=SlotState.FREE).order_by("index")[0]
    left = choice if is_left else "ba"["ab".index(choice)]
    slot.state, slot.rater, slot.token, slot.leased_at, slot.left = SlotState.FILLED, rater, uuid4(), NOON, left
    slot.save()
    vote = Vote.objects.create(
        slot=slot,
        task=task,
        rater=rater,
        choice=choice,
        left=left,
        key=uuid4(),
        is_simulated=rater.is_simulated,
        created_at=NOON,
    )
    task_follow(task_id=task.pk, now=NOON)
    return vote
