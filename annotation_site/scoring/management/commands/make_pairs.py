"""`manage.py make_pairs --count N --seed S`: random pairs of paintings and clips for raters to score."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotation_site.scoring.selectors import NoSuchCampaign
from annotation_site.scoring.services import campaign_find_or_make, pairs_make


class Command(BaseCommand):
    help = "Pair paintings with clips at random; each pair gets its slots for ratings."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int, required=True, help="how many new pairs")
        parser.add_argument("--seed", type=int, required=True, help="the same corpus and seed give the same pairs")
        parser.add_argument("--balance", action="store_true", help="each painting and clip about equally often")
        parser.add_argument(
            "--campaign", default="", metavar="SLUG", help="which campaign; needed where there are several"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["count"] < 1:
            raise CommandError("--count has to be 1 or more.", returncode=2)
        try:
            with transaction.atomic():  # no campaign is left behind where no pairs could be made
                campaign = campaign_find_or_make(slug=options["campaign"], now=now)
                pairs = pairs_make(
                    campaign=campaign, count=options["count"], seed=options["seed"], balance=options["balance"], now=now
                )
        except (NoSuchCampaign, ValueError) as error:
            raise CommandError(str(error)) from error
        slots = len(pairs) * campaign.raters_per_pair
        self.stdout.write(f"{len(pairs):,} pairs with {slots:,} slots made in “{campaign}” ({campaign.slug}).")
