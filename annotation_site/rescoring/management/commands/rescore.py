"""`manage.py rescore [--campaign SLUG] [--pool P] [...]`: queue a rescoring by the active model version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.models import Device, Pool
from annotation_site.rescoring.services import rescoring_start
from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find
from annotation_site.training.versions import active_version


class Command(BaseCommand):
    help = "Let the active model version score a pool of pairs; a worker does it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", default="", metavar="SLUG", help="needed when there is more than one")
        parser.add_argument("--pool", choices=Pool.values, default=Pool.RANDOM.value)
        parser.add_argument("--size", type=int, default=2000, help="of a random pool: pairs to draw")
        parser.add_argument(
            "--style", action="append", default=[], dest="styles", help="of the pool styles; repeatable"
        )
        parser.add_argument("--propose", type=int, default=40, metavar="N", help="propose a batch of N; 0 for none")
        parser.add_argument("--control", type=float, default=0.2, metavar="S", help="its random share")
        parser.add_argument("--device", choices=Device.values, default=Device.AUTO.value)
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        version = active_version()
        if version is None:
            raise CommandError("No model version is active: promote a training run first.")
        try:
            rescoring = rescoring_start(
                version=version,
                campaign=campaign_find(slug=options["campaign"]),
                pool=options["pool"],
                pool_size=options["size"],
                styles=options["styles"],
                ask_for=options["propose"],
                control_share=options["control"],
                device=options["device"],
                seed=options["seed"],
                now=timezone.now(),
            )
        except (NoSuchCampaign, RescoringError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{rescoring} waits for a worker of the queue {rescoring.queue}.")
