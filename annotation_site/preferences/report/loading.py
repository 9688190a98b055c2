"""What the preference report is counted from: a campaign's tasks and counted votes, as the builder's records.

Raters appear by their code, pairs and queries by their keys. What a task asks about is its query: a clip (music to
painting) or a painting (painting to music).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.preferences.models import DirectionChoice, PreferenceTask, Vote, VoteState
from annotation_site.preferences.selectors import pairs_for_tasks, pairs_in_band
from annotation_site.scoring.models import Campaign
from mpd_builder import records
from mpd_builder.preference_statistics import Ballots, ballots
from mpd_builder.preferences import Supply, supply

CHUNK = 20_000
_CHOICE_OF = {choice.value: choice for choice in records.Choice}
_DIRECTION_OF = {direction.value: direction for direction in records.Direction}
_TASK = ("pk", "key", "direction", "pair_a__key", "pair_b__key")
_QUERY = ("pair_a__clip__key", "pair_a__painting__key")
_SCORES = ("pair_a__score", "pair_b__score")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Tasks and votes as arrays, the trimmed means of the pairs in them (of those that have one), and the tasks' ids.

    `n_simulated` of the votes were given by simulated raters.
    """

    given: Ballots
    scores: dict[str, float]
    pk_of: dict[str, int]
    n_simulated: int


def campaign_choose(*, slug: str | None) -> Campaign | None:
    """The campaign named by `slug`; without one, where the newest vote went, else the newest task or campaign.

    Raises `Campaign.DoesNotExist` for a slug that is not there.
    """
    if slug:
        return Campaign.objects.get(slug=slug)
    voted = Vote.objects.order_by("-pk").values_list("task__campaign", flat=True).first()
    asked = voted or PreferenceTask.objects.order_by("-pk").values_list("campaign", flat=True).first()
    return (asked and Campaign.objects.get(pk=asked)) or Campaign.objects.order_by("-created_at", "-pk").first()


def tasks_of(*, campaign: Campaign, query: str | None = None) -> QuerySet[PreferenceTask]:
    """A campaign's tasks in any state; of one clip or painting only, if its key is given."""
    tasks = PreferenceTask.objects.filter(campaign=campaign).order_by()
    if query is None:
        return tasks
    by_clip = Q(direction=DirectionChoice.MUSIC_TO_PAINTING, pair_a__clip__key=query)
    return tasks.filter(by_clip | Q(direction=DirectionChoice.PAINTING_TO_MUSIC, pair_a__painting__key=query))


def ballots_load(*, campaign: Campaign, query: str | None = None) -> Loaded:
    """All counted votes of a campaign with their tasks, O(tasks + votes); of one query only, if its key is given.

    Votes on tasks whose pair left the band, or was closed, are counted too: they say as much about raters.
    """
    tasks = tasks_of(campaign=campaign, query=query)
    counted = Vote.objects.filter(task__in=tasks, state=VoteState.COUNTED).order_by()
    # Votes first: what comes in meanwhile is then a task without votes, never a vote on an unknown task.
    votes = list(counted.values_list("task_id", "rater_id", "choice", "left", "is_simulated").iterator(CHUNK))
    found, scores, key_of = _tasks(tasks)
    code_of = dict(Rater.objects.filter(pk__in={vote[1] for vote in votes}).values_list("pk", "code"))
    given = ballots(
        found,
        [
            records.Vote(key_of[task], code_of[rater], _CHOICE_OF[choice], _CHOICE_OF[left])
            for task, rater, choice, left, _ in votes
        ],
    )
    return Loaded(given, scores, {key: pk for pk, key in key_of.items()}, sum(vote[-1] for vote in votes))


def _tasks(tasks: QuerySet[PreferenceTask]) -> tuple[list[records.PreferenceTask], dict[str, float], dict[int, str]]:
    """The tasks, scores by pair, and keys by the task's id."""
    found: list[records.PreferenceTask] = []
    scores: dict[str, float] = {}
    key_of: dict[int, str] = {}
    for row in tasks.values_list(*_TASK, *_QUERY, *_SCORES).iterator(CHUNK):
        pk, key, direction, pair_a, pair_b, clip, painting, score_a, score_b = row
        asked = _DIRECTION_OF[direction]
        query = clip if asked is records.Direction.MUSIC_TO_PAINTING else painting
        found.append(records.PreferenceTask(key, asked, query, pair_a, pair_b))
        key_of[pk] = key
        if score_a is not None:
            scores[pair_a] = score_a
        if score_b is not None:
            scores[pair_b] = score_b
    return found, scores, key_of


@dataclass(frozen=True, slots=True)
class Construction:
    """How many tasks are possible in each direction, and why.

    `n_set_aside` more pairs have an ambiguous score, but were closed, or their painting or music was withdrawn.
    """

    supply: dict[records.Direction, Supply]
    n_set_aside: int


def construction_load(*, campaign: Campaign, given: Ballots) -> Construction:
    """What the ambiguous pairs allow now, beside the tasks that exist, O(ambiguous pairs + tasks)."""
    usable = pairs_for_tasks(campaign=campaign).values_list("key", "painting__key", "clip__key")
    pairs = [records.Pair(*row) for row in usable.iterator(CHUNK)]
    consensus = [records.Consensus(pair.id, 0.0, 0.0, 0.0, 0, ambiguous=True) for pair in pairs]  # all are in the band
    return Construction(
        supply=supply(consensus, pairs, existing=given.tasks),
        n_set_aside=pairs_in_band(campaign=campaign).count() - len(pairs),
    )
