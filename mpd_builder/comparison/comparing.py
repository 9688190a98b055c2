"""Putting a comparison together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mpd_builder.comparison.items import counts_of, item_changes, split_changes
from mpd_builder.comparison.judged import (
    Matched,
    match_ratings,
    preference_changes,
    rater_changes,
    rating_changes,
    share_judgments,
)
from mpd_builder.comparison.result import Agreement, Comparison, Difference, ItemKind, Kinship, Side
from mpd_builder.comparison.scores import band_crossings, kept_pairs, score_changes
from mpd_builder.snapshot import Facts, Snapshot

N_MOVERS = 20


def compare(before: Snapshot, after: Snapshot, *, n_movers: int = N_MOVERS) -> Comparison:
    """Compare two opened snapshots, whatever their format versions. `n_movers`: how many pairs to name at most."""
    kept, matched = kept_pairs(before, after), match_ratings(before, after)
    paintings, tracks = (item_changes(before, after, kind) for kind in ItemKind)
    facts = [Facts.from_dict(snapshot.manifest["facts"]) for snapshot in (before, after)]
    return Comparison(
        before=_side(before, facts[0]),
        after=_side(after, facts[1]),
        kinship=_kinship(before, after, kept, matched, n_items=paintings.counts.kept + tracks.counts.kept),
        pairs=counts_of(before.pairs["pair_id"], after.pairs["pair_id"]),
        scores=score_changes(kept, after, n_movers=n_movers),
        bands=band_crossings(kept, before, after),
        paintings=paintings,
        tracks=tracks,
        clips=counts_of(before.clips["clip_id"], after.clips["clip_id"]),
        ratings=rating_changes(before, after, matched),
        raters=rater_changes(before, after),
        agreement=Agreement(facts[0].alpha, facts[1].alpha, facts[0].dispersion, facts[1].dispersion),
        preferences=preference_changes(before, after),
        splits=split_changes(before, after, kept),
        settings=_differences(_settings(before), _settings(after)),
        facts=_differences(before.manifest["facts"], after.manifest["facts"]),
    )


def _side(snapshot: Snapshot, facts: Facts) -> Side:
    manifest = snapshot.manifest
    return Side(
        path=str(snapshot.path),
        digest=snapshot.digest,
        content_digest=manifest["content_digest"],
        format_version=manifest["format_version"],
        recipe=snapshot.recipe.name,
        created_on=manifest["created_on"],
        code_version=manifest["code_version"],
        pairs=len(snapshot.pairs),
        ratings=len(snapshot.ratings),
        raters=facts.raters,
        paintings=len(snapshot.paintings),
        tracks=snapshot.clips["track_id"].nunique(),
        clips=len(snapshot.clips),
        tasks=len(snapshot.preferences),
    )


def _kinship(before: Snapshot, after: Snapshot, kept: pd.DataFrame, matched: Matched, *, n_items: int) -> Kinship:
    if before.digest == after.digest:
        return Kinship.IDENTICAL
    if before.manifest["content_digest"] == after.manifest["content_digest"]:
        return Kinship.SAME_CONTENT
    if len(kept):
        return Kinship.SAME_JUDGMENTS if share_judgments(kept, matched) else Kinship.OTHER_JUDGMENTS
    return Kinship.SAME_ITEMS if n_items else Kinship.UNRELATED


def _settings(snapshot: Snapshot) -> dict[str, Any]:
    """Recipe (with what its time had no name for filled in), and what wrote the snapshot."""
    about = {name: snapshot.manifest.get(name) for name in ("format_version", "code_version", "public_form_of")}
    return {"recipe": snapshot.recipe.to_dict(), "made_with": snapshot.manifest.get("made_with", {})} | about


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    one, other = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Difference(name, one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    )


def _flat(values: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else [(f"{above}{name}", value)]
    return found
