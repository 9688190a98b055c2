"""`manage.py make_preferences --seed S`: 2AFC tasks between pairs whose score is ambiguous; `--extend`: more votes."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotation_site.preferences.making import tasks_extend, tasks_make
from annotation_site.preferences.models import DirectionChoice
from annotation_site.preferences.selectors import extension_of, many, nothing_to_extend
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find


class Command(BaseCommand):
    help = "Make preference tasks of ambiguous pairs that share their painting or their clip, in both directions."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=None, help="new tasks in each direction; all, if left out")
        parser.add_argument(
            "--seed", type=int, help="the same scores and seed give the same tasks; needed for new ones"
        )
        parser.add_argument(
            "--extend", action="store_true", help="instead of new tasks, more votes for those that are undecided"
        )
        parser.add_argument(
            "--campaign", default="", metavar="SLUG", help="which campaign; needed where there are several"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] is not None and options["count"] < 1:
            raise CommandError("--count has to be 1 or more.", returncode=2)
        if options["extend"] and (options["count"], options["seed"]) != (None, None):
            raise CommandError("--extend makes no new tasks, so it takes neither --count nor --seed.", returncode=2)
        if not options["extend"] and options["seed"] is None:
            raise CommandError("Give a --seed: the same scores and seed give the same tasks.", returncode=2)
        try:
            campaign = campaign_find(slug=options["campaign"])
            self.stdout.write(_extended(campaign) if options["extend"] else _made(campaign, options))
        except (NoSuchCampaign, ValueError) as error:
            raise CommandError(str(error)) from error


def _made(campaign: Campaign, options: dict[str, Any]) -> str:
    tasks = tasks_make(campaign=campaign, count=options["count"], seed=options["seed"], now=timezone.now())
    made = Counter(task.direction for task in tasks)
    parts = ", ".join(f"{made[direction]:,} {direction.label.lower()}" for direction in DirectionChoice)
    return f"{len(tasks):,} preference tasks made in “{campaign}” ({campaign.slug}): {parts}."


def _extended(campaign: Campaign) -> str:
    extension = extension_of(campaign=campaign)
    if not extension.tasks:
        return nothing_to_extend(extension, campaign)
    tasks = tasks_extend(campaign=campaign, now=timezone.now())
    return f"{many(tasks, 'undecided task')} in “{campaign}” ({campaign.slug}) open again for more votes."
