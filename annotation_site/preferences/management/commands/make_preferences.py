"""`manage.py make_preferences --seed S`: 2AFC tasks between pairs whose score is ambiguous."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotation_site.preferences.models import DirectionChoice
from annotation_site.preferences.services import tasks_make
from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find


class Command(BaseCommand):
    help = "Make preference tasks of ambiguous pairs that share their painting or their clip, in both directions."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=None, help="new tasks in each direction; all, if left out")
        parser.add_argument("--seed", type=int, required=True, help="the same scores and seed give the same tasks")
        parser.add_argument(
            "--campaign", default="", metavar="SLUG", help="which campaign; needed where there are several"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] is not None and options["count"] < 1:
            raise CommandError("--count has to be 1 or more.", returncode=2)
        try:
            campaign = campaign_find(slug=options["campaign"])
            tasks = tasks_make(campaign=campaign, count=options["count"], seed=options["seed"], now=timezone.now())
        except (NoSuchCampaign, ValueError) as error:
            raise CommandError(str(error)) from error
        made = Counter(task.direction for task in tasks)
        parts = ", ".join(f"{made[direction]:,} {direction.label.lower()}" for direction in DirectionChoice)
        self.stdout.write(f"{len(tasks):,} preference tasks made in “{campaign}” ({campaign.slug}): {parts}.")
