"""The demo: a synthetic corpus brought in by the real importer, a campaign that simulated raters have mostly scored.

It goes into an empty site only, and into each site once. Work is left open for the person who logs in: pairs that one
more rating completes, tasks that one more vote decides.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from annotation_site.accounts.models import Rater, User
from annotation_site.corpus.services import import_now
from annotation_site.demo.protocol import demo_protocol_make
from annotation_site.demo.simulation import Studio, panel_enlist, ratings_simulate, votes_simulate
from annotation_site.demo.truths import corpus_dir, truth_path, truths_load
from annotation_site.preferences.making import tasks_make
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.services import pairs_make
from mpd_builder.synthetic import make_corpus

SLUG = "demo"
LOGINS_NAME = "demo-logins.json"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Amounts:
    """How large the demo is. Of the pairs, `complete` get all their ratings, `nearly` all but one.

    Tasks are counted in each direction; of the open ones together, `one_vote_short` lack one vote, the others all.
    """

    paintings: int = 96
    tracks: int = 40
    pairs: int = 600
    raters: int = 12
    complete: int = 540
    nearly: int = 24
    decided_tasks: int = 30
    open_tasks: int = 10
    one_vote_short: int = 12


DAYS = 9
PRESET = "paper"


def demo_is_wanted(state_dir: Path) -> bool:
    """Whether the demo should be made now: the site is empty, or an earlier attempt was cut off."""
    if Campaign.objects.filter(slug=SLUG).exists():
        return False
    return (state_dir / LOGINS_NAME).exists() or not User.objects.exists()


def demo_make(*, state_dir: Path, seed: int, now: datetime, tell: Tell, amounts: Amounts | None = None) -> None:
    """Make the demo. Cut off at any point and called again, it goes on and ends the same."""
    amounts = amounts or Amounts()
    people_make(state_dir=state_dir, now=now)
    source = corpus_dir(state_dir)
    if not truth_path(state_dir).exists():
        tell(f"Painting {amounts.paintings} pictures and composing {amounts.tracks} pieces of music")
        make_corpus(
            out_dir=source,
            paintings=amounts.paintings,
            tracks=amounts.tracks,
            seed=seed,
            processes=os.cpu_count() or 1,
        )
    tell("Bringing them in as any folder is")
    import_now(path=source, now=now)
    campaign_make(state_dir=state_dir, seed=seed, now=now, tell=tell, amounts=amounts)


def people_make(*, state_dir: Path, now: datetime) -> None:
    """An admin and a rater with passwords of this machine's own, kept in a file that only its owner can read."""
    path = state_dir / LOGINS_NAME
    if not path.exists():
        logins = [
            {"role": "admin", "username": "admin", "password": secrets.token_urlsafe(9)},
            {"role": "rater", "username": "rater", "password": secrets.token_urlsafe(9)},
        ]
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(logins, file)
    for login in json.loads(path.read_text()):
        _person_make(login, now=now)


@transaction.atomic
def _person_make(login: dict[str, str], *, now: datetime) -> None:
    if User.objects.filter(username=login["username"]).exists():
        return
    is_admin = login["role"] == "admin"
    user = User.objects.create_user(
        username=login["username"], password=login["password"], is_staff=is_admin, is_superuser=is_admin
    )
    if not is_admin:
        Rater.objects.create(
            user=user,
            code="demo-rater",
            background="The demo's rater: whoever logs in",
            order_seed=secrets.randbelow(2**31),
            created_at=now,
        )


@transaction.atomic
def campaign_make(*, state_dir: Path, seed: int, now: datetime, tell: Tell, amounts: Amounts) -> Campaign:
    """The demo's campaign with its pairs, ratings, tasks and votes: all of it or nothing."""
    start = now - timedelta(days=DAYS)
    campaign = Campaign.objects.create(
        name="Demo: synthetic paintings and music",
        slug=SLUG,
        is_synthetic=True,
        instructions="How well do this painting and this music belong together?",
        created_at=start,
    )
    truths = truths_load(path=truth_path(state_dir), seed=seed)
    if truths.planted is not None:
        tell("Choosing worked examples and practice pairs")
        demo_protocol_make(truth=truths.planted, seed=seed, now=start)
    tell(f"Pairing them at random: {amounts.pairs} pairs")
    pairs_make(campaign=campaign, count=amounts.pairs, seed=seed, balance=False, now=start)
    panel, raters = panel_enlist(preset=PRESET, count=amounts.raters, seed=seed, now=start)
    quota = campaign.raters_per_pair
    ratings = amounts.complete * quota + amounts.nearly * (quota - 1)
    studio = Studio(
        panel=panel,
        raters=raters,
        truths=truths,
        seed=seed,
        clock=start,
        step=timedelta(days=DAYS) / (2 * ratings),
    )
    tell(f"{amounts.raters} simulated raters give about {ratings} ratings")
    ratings_simulate(studio, campaign=campaign, limit=amounts.complete * quota)
    # The first few go on alone: a pair takes one rating of each, so these pairs stay one short.
    ratings_simulate(studio, campaign=campaign, limit=amounts.nearly * (quota - 1), raters=raters[: quota - 1])
    tell("They vote on preference tasks between the ambiguous pairs")
    tasks_make(campaign=campaign, count=amounts.decided_tasks, seed=seed, now=studio.clock)
    votes_simulate(studio, campaign=campaign, limit=2 * amounts.decided_tasks * campaign.votes_per_task)
    tasks_make(campaign=campaign, count=amounts.open_tasks, seed=seed + 1, now=studio.clock)
    short = raters[: campaign.votes_per_task - 1]
    votes_simulate(studio, campaign=campaign, limit=amounts.one_vote_short * len(short), raters=short)
    return campaign
