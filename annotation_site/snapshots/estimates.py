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
    counts = _counts(campaign, recipe)
    n_pairs, n_ratings = counts["pairs"], counts["ratings"] or 0
    n_paintings, n_clips = counts["paintings"], counts["clips"]
    n_preferences = _decided(campaign, recipe)
    rows = {"pairs": n_pairs, "ratings": n_ratings, "preferences": n_preferences, "items": n_paintings + n_clips}
    n_bytes = BYTES_OF_CARDS + sum(BYTES_A_ROW[name] * count for name, count in rows.items())
    if recipe.arrays:
        n_bytes += n_paintings * PAINTING_INPUT + n_clips * CLIP_INPUT
    if recipe.media is not MediaChoice.NONE:
        sample = Painting.objects.filter(MAY_GO_OUT, pk__in=_sample(campaign, recipe).values("painting"))
        n_bytes += round((n_paintings - counts["held_paintings"]) * _mean_size(sample, "display"))
    if recipe.media is MediaChoice.FULL:
        may_go = Track.objects.filter(MAY_GO_OUT)
        heard = Clip.objects.filter(track__in=may_go, pk__in=_sample(campaign, recipe).values("clip"))
        n_bytes += round((n_clips - counts["held_clips"]) * _mean_size(heard, "audio"))
    return Estimate(
        n_pairs=n_pairs,
        n_left_out=counts["begun"] - n_pairs,
        n_ratings=n_ratings,
        n_preferences=n_preferences,
        n_paintings=n_paintings,
        n_tracks=counts["tracks"],
        n_clips=n_clips,
        restricted_paintings=counts["held_paintings"],
        restricted_tracks=counts["held_tracks"],
        n_bytes=n_bytes,
    )


MAY_GO_OUT = Q(may_publish=True) & ~Q(licence__regex=r"^\s*$")
"""As `mpd_builder.snapshot.licences.may_pass_on` has it."""


def _counts(campaign: Campaign, recipe: Recipe) -> dict[str, int]:
    """Everything that is counted of pairs, in one walk over them."""
    goes = Q(rating_count__gte=recipe.min_ratings)
    painting_held = goes & Q(painting__in=Painting.objects.exclude(MAY_GO_OUT).values("pk"))
    track_held = goes & Q(clip__track__in=Track.objects.exclude(MAY_GO_OUT).values("pk"))

    def different(column: str, condition: Q) -> Count:
        return Count(column, distinct=True, filter=condition)

    begun = pairs_that_go(campaign).filter(rating_count__gt=0)
    return begun.aggregate(
        begun=Count("pk"),
        pairs=Count("pk", filter=goes),
        ratings=Sum("rating_count", filter=goes),
        paintings=different("painting", goes),
        clips=different("clip", goes),
        tracks=different("clip__track", goes),
        held_paintings=different("painting", painting_held),
        held_tracks=different("clip__track", track_held),
        held_clips=different("clip", track_held),
    )


def _going(campaign: Campaign, recipe: Recipe) -> QuerySet[Pair]:
    return pairs_that_go(campaign).filter(rating_count__gte=recipe.min_ratings)


def _sample(campaign: Campaign, recipe: Recipe) -> QuerySet[Pair]:
    """Some of the pairs that go in, to look at their files."""
    return _going(campaign, recipe)[: 20 * SAMPLED]


def _decided(campaign: Campaign, recipe: Recipe) -> int:
    """Tasks between two pairs that go in, with enough votes and a winner by the recipe's rule."""
    voted = PreferenceTask.objects.filter(campaign=campaign).annotate(n_votes=F("votes_a") + F("votes_b"))
    enough = voted.filter(n_votes__gte=recipe.votes_needed)
    if recipe.vote_rule is VoteRule.UNANIMOUS:
        won = enough.filter(Q(votes_a=0) | Q(votes_b=0))
    else:
        won = enough.exclude(votes_a=F("votes_b"))
    pairs = _going(campaign, recipe).values("pk")
    return won.filter(pair_a__in=pairs, pair_b__in=pairs).count()


def _mean_size(items: QuerySet[Painting] | QuerySet[Clip], column: str) -> float:
    """The mean size of a few of their files."""
    names = [name for name in items.values_list(column, flat=True)[:SAMPLED] if name]
    sizes = _sizes(names)
    return sum(sizes) / len(sizes) if sizes else 0.0


def _sizes(names: Sequence[str]) -> list[int]:
    found = []
    for name in names:
        try:
            found.append(default_storage.size(name))
        except OSError:  # missing: the export will say so, by name
            continue
    return found
