"""Let a panel of simulated raters score a campaign's open pairs and vote on its open tasks.

Their accounts are marked as simulated, and so is every rating and vote of theirs, in the interface and in exports.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from annotation_site.demo.simulation import Studio, panel_enlist, ratings_simulate, votes_simulate
from annotation_site.demo.truths import truth_path, truths_load
from annotation_site.scoring.models import Campaign
from mpd_builder.synthetic.raters import PRESETS

ALL = 2**62


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--raters", type=int, default=12)
        parser.add_argument("--preset", choices=sorted(PRESETS), default="paper")
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--campaign", default="", help="Its slug; without it, the newest open campaign.")
        parser.add_argument("--limit", type=int, default=ALL, help="At most so many ratings.")
        parser.add_argument("--no-votes", action="store_true", help="Leave the preference tasks alone.")

    @transaction.atomic
    def handle(self, *, raters: int, preset: str, seed: int, campaign: str, limit: int, **options: bool) -> None:
        target = self._campaign(campaign)
        if raters < 1:
            raise CommandError("--raters must be at least 1.")
        now = timezone.now()
        panel, people = panel_enlist(preset=preset, count=raters, seed=seed, now=now)
        truths = truths_load(path=truth_path(settings.STATE_DIR), seed=seed)
        # Their clock stands still, as far as it may: leases must not run out while they work.
        studio = Studio(panel, people, truths, seed, now, timedelta(microseconds=1))
        given = ratings_simulate(studio, campaign=target, limit=limit)
        votes = 0 if options["no_votes"] else votes_simulate(studio, campaign=target, limit=ALL)
        self.stdout.write(f"{raters} simulated raters gave {given} ratings and {votes} votes in “{target}”.")

    def _campaign(self, slug: str) -> Campaign:
        found = Campaign.objects.filter(is_open=True).order_by("-pk")
        target = found.filter(slug=slug).first() if slug else found.first()
        if target is None:
            raise CommandError(f"There is no open campaign {slug!r}." if slug else "There is no open campaign.")
        return target
