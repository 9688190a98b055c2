"""What an export would hold, counted from the rows before it is started. Bytes are an estimate; counts are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from django.core.files.storage import default_storage
from django.db.models import Count, F, Q, QuerySet, Sum

from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.preferences.models import PreferenceTask
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.selectors import pairs_that_go
from mpd_builder.mel import MEL_SHAPE
from mpd_builder.rules import VoteRule
from mpd_builder.snapshot import Recipe
from mpd_builder.snapshot.media import PAINTING_SHAPE
from mpd_builder.snapshot.recipe import MediaChoice

SAMPLED = 12
"""So many media files of a kind are looked at for their size."""

PAINTING_INPUT = prod(PAINTING_SHAPE)
CLIP_INPUT = 2 * prod(MEL_SHAPE)
BYTES_A_ROW = {"pairs": 100, "ratings": 12, "preferences": 60, "items": 180}
"""Of the compressed tables, as the demo and 50,000 pairs have them."""
BYTES_OF_CARDS = 120_000
"""Card, data sheet, manifest and figures."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would go in. `n_left_out`: pairs with a rating that have too few. `n_bytes` is what the folder would take.

    restricted_*: items without a stated licence, or that may not be published: no picture or sound of them goes in.
    """

    n_pairs: int
    n_left_out: int
    n_ratings: int
    n_preferences: int
    n_paintings: int
    n_tracks: int
    n_clips: int
    restricted_paintings: int
    restricted_tracks: int
    n_bytes: int


def export_estimate(*, campaign: Campaign, recipe: Recipe) -> Estimate:
    """Count what an export under this recipe would hold now."""
    begun = pairs_that_go(campaign).filter(rating_count__gt=0)
    going = begun.filter(rating_count__gte=recipe.min_ratings)
    counts = going.aggregate(pairs=Count("pk"), ratings=Sum("rating_count"))
    paintings = Painting.objects.filter(pk__in=going.values("painting"))
    clips = Clip.objects.filter(pk__in=going.values("clip"))
    tracks = Track.objects.filter(pk__in=clips.values("track"))
    n_pairs, n_ratings = counts["pairs"], counts["ratings"] or 0
    n_paintings, n_clips = paintings.count(), clips.count()
    n_preferences = _decided(campaign, going, recipe)
    rows = {"pairs": n_pairs, "ratings": n_ratings, "preferences": n_preferences, "items": n_paintings + n_clips}
    n_bytes = BYTES_OF_CARDS + sum(BYTES_A_ROW[name] * count for name, count in rows.items())
    if recipe.arrays:
        n_bytes += n_paintings * PAINTING_INPUT + n_clips * CLIP_INPUT
    if recipe.media is not MediaChoice.NONE:
        n_bytes += _media_bytes(paintings.filter(MAY_GO_OUT), "display")
    if recipe.media is MediaChoice.FULL:
        n_bytes += _media_bytes(clips.filter(track__in=tracks.filter(MAY_GO_OUT)), "audio")
    return Estimate(
        n_pairs=n_pairs,
        n_left_out=begun.count() - n_pairs,
        n_ratings=n_ratings,
        n_preferences=n_preferences,
        n_paintings=n_paintings,
        n_tracks=tracks.count(),
        n_clips=n_clips,
        restricted_paintings=paintings.exclude(MAY_GO_OUT).count(),
        restricted_tracks=tracks.exclude(MAY_GO_OUT).count(),
        n_bytes=n_bytes,
    )


MAY_GO_OUT = Q(may_publish=True) & ~Q(licence__regex=r"^\s*$")
"""As `mpd_builder.snapshot.licences.may_pass_on` has it."""


def _decided(campaign: Campaign, going: QuerySet[Pair], recipe: Recipe) -> int:
    """Tasks between two pairs that go in, with enough votes and a winner by the recipe's rule."""
    pairs = going.values("pk")
    tasks = PreferenceTask.objects.filter(campaign=campaign, pair_a__in=pairs, pair_b__in=pairs)
    voted = tasks.annotate(n_votes=F("votes_a") + F("votes_b")).filter(n_votes__gte=recipe.votes_needed)
    if recipe.vote_rule is VoteRule.UNANIMOUS:
        return voted.filter(Q(votes_a=0) | Q(votes_b=0)).count()
    return voted.exclude(votes_a=F("votes_b")).count()


def _media_bytes(items: QuerySet[Painting] | QuerySet[Clip], column: str) -> int:
    """The size of a few files, times how many there are."""
    names = [name for name in items.order_by("pk").values_list(column, flat=True)[:SAMPLED] if name]
    sizes = _sizes(names)
    return round(sum(sizes) / len(sizes) * items.count()) if sizes else 0


def _sizes(names: Sequence[str]) -> list[int]:
    found = []
    for name in names:
        try:
            found.append(default_storage.size(name))
        except OSError:  # missing: the export will say so, by name
            continue
    return found
