"""`manage.py export_snapshot --recipe R --out DIR [--campaign SLUG] [...]`: a sealed snapshot in a folder you choose.

Exit status: 0 done, 2 wrong use (of an option, or of a recipe's field), 1 failed with one clear line on standard error,
130 stopped by Ctrl-C. What stopped or failed leaves nothing at DIR.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find
from annotation_site.snapshots.errors import RecipeRefused
from annotation_site.snapshots.exporting import REFUSALS, export_campaign
from annotation_site.snapshots.recipes import FIELDS, recipe_for
from annotation_site.snapshots.words import recipe_rows
from mpd_builder.rules import AVERAGES, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import MediaChoice, RaterIds, recipe


class Command(BaseCommand):
    help = "Export a campaign's pairs, ratings and decided preferences as a sealed snapshot."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder that does not exist yet")
        parser.add_argument("--campaign", default="", metavar="SLUG", help="needed when there is more than one")
        parser.add_argument("--recipe", required=True, help=f"where to begin: {', '.join(recipe.NAMES)}")
        _add_recipe_options(parser.add_argument_group("where the recipe is to differ from the named one"))
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        out_dir: Path = options["out"]
        bar = Bar(sys.stderr, is_wanted=not options["json"])
        try:
            overrides = {name: options[name] for name in FIELDS if options.get(name) is not None}
            campaign = campaign_find(slug=options["campaign"])
            chosen = recipe_for(campaign=campaign, name=options["recipe"], overrides=overrides)
            dataset, sealed = export_campaign(
                campaign=campaign,
                recipe=chosen,
                out_dir=out_dir,
                created_on=timezone.now().date(),
                progress=bar,
            )
        except RecipeRefused as error:
            where = f"{_option(error.field)}: " if error.field else ""
            raise CommandError(f"{where}{error}", returncode=2) from None
        except NoSuchCampaign as error:
            raise CommandError(str(error), returncode=2) from None
        except REFUSALS as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or out_dir}: {error.strerror or error}") from None
        except KeyboardInterrupt:
            raise CommandError("Stopped. Nothing was kept.", returncode=130) from None
        finally:
            bar.clear()
        if options["json"]:
            values = {
                "path": str(sealed.path),
                "digest": sealed.digest,
                "files": sealed.n_files,
                "bytes": sealed.n_bytes,
                "recipe": chosen.to_dict(),
                "facts": dataset.facts.to_dict(),
            }
            self.stdout.write(json.dumps(values, sort_keys=True))
            return
        self.stdout.write(
            f"{sealed.path}: {dataset.facts.n_pairs:,} pairs, {sealed.n_files:,} files, {sealed.n_bytes:,} bytes, "
            f"digest {sealed.digest}"
        )
        for what, how in recipe_rows(chosen.to_dict()):
            self.stdout.write(f"  {what}: {how}")
        if dataset.facts.is_restricted and chosen.arrays:
            self.stdout.write(
                f"It holds model inputs of items that may not be published: python -m mpd_builder publish {sealed.path}"
                " --out DIR writes what may be passed on."
            )


NAMES = {"votes_needed": "votes", "ratings_licence": "licence"}
"""The option of a recipe's field, where it has a shorter name."""


def _add_recipe_options(group: Any) -> None:
    group.add_argument("--min-ratings", type=int, metavar="K", help="pairs with at least K ratings")
    group.add_argument("--aggregator", choices=[rule.value for rule in AVERAGES], help="how ratings become a score")
    group.add_argument("--trim", type=int, metavar="N", help="drop the N lowest and the N highest ratings of a pair")
    group.add_argument("--band", type=_numbers, metavar="LOW,HIGH", help="scores in between are ambiguous")
    group.add_argument(
        "--votes", type=int, dest="votes_needed", metavar="N", help="votes that a preference needs, at the least"
    )
    group.add_argument("--vote-rule", choices=[rule.value for rule in VoteRule], help="when votes make a winner")
    group.add_argument("--split", choices=[regime.value for regime in Regime], help="what is new in a test pair")
    group.add_argument("--shares", type=_numbers, metavar="TRAIN,VALIDATION,TEST", help="such as 0.7,0.15,0.15")
    group.add_argument("--salt", metavar="WORD", help="the same salt keeps every item on its side")
    group.add_argument("--media", choices=[choice.value for choice in MediaChoice])
    group.add_argument("--arrays", action=argparse.BooleanOptionalAction, help="what a model reads")
    group.add_argument("--rater-ids", choices=[choice.value for choice in RaterIds])
    group.add_argument(
        "--licence", dest="ratings_licence", metavar="SPDX", help="of the ratings and votes, such as CC-BY-4.0"
    )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give numbers with commas between them") from None


def _option(field: str) -> str:
    return f"--{NAMES.get(field, field).replace('_', '-')}"


class Bar:
    """How far the export is, on one line of a terminal; nothing where the output goes to a file."""

    WIDTH = 30

    def __init__(self, stream: TextIO, *, is_wanted: bool) -> None:
        self.stream = stream
        self.is_shown = is_wanted and stream.isatty()

    def __call__(self, done: int, total: int, words: str) -> None:
        if self.is_shown:
            self.stream.write(f"\r\033[K{self.line(done, total, words)}")
            self.stream.flush()

    def line(self, done: int, total: int, words: str) -> str:
        if not total:
            return words
        filled = min(self.WIDTH, self.WIDTH * done // total)
        return f"{'█' * filled}{'░' * (self.WIDTH - filled)} {done:,} of {total:,}: {words}"

    def clear(self) -> None:
        if self.is_shown:
            self.stream.write("\r\033[K")
            self.stream.flush()
