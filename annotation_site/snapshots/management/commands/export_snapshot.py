"""`manage.py export_snapshot --recipe R --out DIR [--campaign SLUG]`: a sealed snapshot in a folder of your choice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find
from annotation_site.snapshots.exporting import REFUSALS, export_campaign
from annotation_site.snapshots.services import SnapshotError, recipe_for
from mpd_builder.snapshot import recipe


class Command(BaseCommand):
    help = "Export a campaign's complete pairs and decided preferences as a sealed snapshot."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recipe", required=True, help=f"one of {', '.join(recipe.NAMES)}")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder that does not exist yet")
        parser.add_argument("--campaign", default="", metavar="SLUG", help="needed when there is more than one")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        out_dir: Path = options["out"]
        try:
            campaign = campaign_find(slug=options["campaign"])
            dataset, sealed = export_campaign(
                campaign=campaign,
                recipe=recipe_for(campaign=campaign, name=options["recipe"]),
                out_dir=out_dir,
                created_on=timezone.now().date(),
                progress=lambda done, total, words: None,
            )
        except (NoSuchCampaign, SnapshotError, *REFUSALS) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or out_dir}: {error.strerror or error}") from None
        if options["json"]:
            values = {
                "path": str(sealed.path),
                "digest": sealed.digest,
                "files": sealed.n_files,
                "bytes": sealed.n_bytes,
                "facts": dataset.facts.to_dict(),
            }
            self.stdout.write(json.dumps(values, sort_keys=True))
            return
        self.stdout.write(
            f"{sealed.path}: {dataset.facts.n_pairs:,} pairs, {sealed.n_files:,} files, {sealed.n_bytes:,} bytes, "
            f"digest {sealed.digest}"
        )
        if dataset.facts.is_restricted:
            self.stdout.write(
                f"It holds model inputs of items that may not be published: python -m mpd_builder publish {sealed.path}"
                " --out DIR writes what may be passed on."
            )
