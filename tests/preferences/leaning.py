"""A campaign with the votes of a simulated panel, all of whom lean to the left by so much."""

from __future__ import annotations

from random import Random

from annotation_site.scoring.models import Campaign
from mpd_builder import records
from mpd_builder.preferences import task_id
from mpd_builder.synthetic.raters import panel
from tests.factories import make_campaign
from tests.preferences.many_votes import votes_store

TASKS, VOTES_A_TASK, RATERS = 334, 3, 10


def leaning_campaign(side_bias: float) -> Campaign:
    """1,002 votes on tasks of one clip and two paintings each; `side_bias` as of `SimulatedRater`."""
    people, chance = panel("paper", RATERS, seed=1, side_bias=side_bias), Random(2)
    pairs, tasks = [], []
    for number in range(TASKS):
        two = [records.Pair(f"p{number}{side}.c{number}", f"p{number}{side}", f"c{number}") for side in "ab"]
        asked = (records.Direction.MUSIC_TO_PAINTING, f"c{number}", two[0].id, two[1].id)
        tasks.append(records.PreferenceTask(task_id(*asked), *asked))
        pairs += two
    truth = {pair.id: chance.uniform(0.4, 0.6) for pair in pairs}
    votes = [
        people.vote(task_id=task.id, truth_a=truth[task.pair_a], truth_b=truth[task.pair_b], rater_id=person.id, seed=3)
        for task in tasks
        for person in chance.sample(people.raters, VOTES_A_TASK)
    ]
    campaign = make_campaign(name="Leaning panel", slug="leaning")
    votes_store(campaign=campaign, pairs=pairs, tasks=tasks, votes=votes, scores=truth)
    return campaign
