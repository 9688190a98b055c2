"""The dataset card: a README with front matter for the Hugging Face Hub. Every number in it comes from the facts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from mpd_builder.playback import PEAK_CEILING_DBTP
from mpd_builder.snapshot import licences
from mpd_builder.snapshot.dataset import AlphaFact, Facts
from mpd_builder.snapshot.manifest import ArrayFact, TableFact
from mpd_builder.snapshot.recipe import MediaChoice, RaterIds, Recipe
from mpd_builder.snapshot.tables import SPLITS, table_path

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_OTHER_TABLES = ("ratings", "preferences", "raters", "paintings", "clips")


@dataclass(frozen=True, slots=True)
class About:
    """What the card speaks of."""

    recipe: Recipe
    facts: Facts
    created_on: date | None
    code_version: str
    complete_digest: str = ""
    """Of the snapshot whose public form this is; empty for a complete one."""

    @property
    def title(self) -> str:
        kind = {"nothing": "", "everything": "synthetic "}.get(self.facts.synthetic, "partly synthetic ")
        return f"Perceptual coherence of music and painting: {kind}snapshot, recipe {self.recipe.name}"


def render(about: About, *, tables: Mapping[str, TableFact], arrays: Mapping[str, ArrayFact]) -> str:
    """The whole `README.md`."""
    sections = [
        _front_matter(about, tables),
        f"# {about.title}",
        _introduction(about),
        _pairs(about),
        _agreement(about),
        _preferences(about),
        _licences(about, arrays),
        _how_made(about),
        _contents(about, tables, arrays),
        _loading(with_arrays=bool(arrays)),
    ]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _front_matter(about: About, tables: Mapping[str, TableFact]) -> str:
    facts = about.facts
    size = next((name for limit, name in _SIZES if facts.n_pairs < limit), "1M<n<10M")
    tags = ["music", "painting", "cross-modal", "perceptual-coherence"]
    tags += [] if facts.synthetic == "nothing" else ["synthetic"]
    lines = [
        "---",
        f"pretty_name: {json.dumps(about.title)}",
        *licences.front_matter(facts, about.recipe.ratings_licence),
        "size_categories:",
        f"- {size}",
        "task_categories:",
        "- other",
        "tags:",
        *(f"- {tag}" for tag in tags),
        *_configs({name for name, table in tables.items() if table.rows}),
    ]
    return "\n".join([*lines, "---"])


def _configs(filled: Collection[str]) -> list[str]:
    """One config a table. Empty tables are not listed: `datasets` refuses a config that holds an empty split."""
    lines = ["configs:", "- config_name: pairs", "  default: true", "  data_files:"]
    for split in SPLITS:
        if (name := f"pairs-{split}") in filled:
            lines += [f"  - split: {split}", f"    path: {table_path(name)}"]
    for name in _OTHER_TABLES:
        if name in filled:
            lines += [f"- config_name: {name}", "  data_files:", "  - split: full", f"    path: {table_path(name)}"]
    return lines


def _introduction(about: About) -> str:
    facts = about.facts
    text = (
        "How well does a painting go with a piece of music? Raters heard a 15-second clip, saw a painting and gave one "
        f"score from 0 to 1. This snapshot holds {facts.n_pairs:,} scored pairs of {facts.paintings:,} paintings and "
        f"{facts.clips:,} clips from {facts.tracks:,} tracks, {facts.ratings:,} ratings by {facts.raters:,} raters."
    )
    if facts.synthetic == "everything":
        text += (
            "\n\n**Everything here is synthetic.** The pictures were painted and the music composed by a program, and "
            "the raters are simulated. It serves to try tools on; it says nothing about what people perceive."
        )
    elif facts.synthetic != "nothing":
        text += (
            f"\n\n**Partly synthetic:** {facts.synthetic} were made by a program. The columns `is_synthetic` of "
            "paintings and clips and `simulated` of raters say which."
        )
    return text


def _pairs(about: About) -> str:
    facts = about.facts
    lines = ["## Pairs and splits", "", "| split | pairs | share |", "|---|---:|---:|"]
    lines += [f"| {split} | {facts.pairs[split]:,} | {facts.pairs[split] / facts.n_pairs:.1%} |" for split in SPLITS]
    train, validation, test = about.recipe.shares
    lines += [
        "",
        "Every painting and every track has a split of its own, by a hash of its id: "
        f"{train:.0%} train, {validation:.0%} validation, {test:.0%} test. A pair belongs to a split only if its "
        "painting and its track agree; otherwise it is `cross`. So nothing that is seen or heard in `train` occurs in "
        "`test`. To test with unseen paintings alone, or unseen tracks alone, filter by `split_painting` and "
        "`split_track`.",
        "",
        f"The mean score is {_number(facts.score_mean)}. Scores by tenth, from 0 to 1: "
        f"{', '.join(f'{count:,}' for count in facts.score_histogram)}. "
        f"{facts.ambiguous_pairs:,} pairs are ambiguous ({about.recipe.band[0]:g} to {about.recipe.band[1]:g}).",
    ]
    if same := {kind: len(works) for kind, works in facts.same_works.items() if works}:
        words = " and ".join(
            f"{count:,} {'works' if count > 1 else 'work'} among the {kind}" for kind, count in same.items()
        )
        lines += [
            "",
            f"A person found {words} to be here more than once, in other pictures or recordings. The "
            "splits keep the items of a work together; `facts.same_works` in `manifest.json` lists them.",
        ]
    if facts.incomplete_pairs:
        lines += [
            "",
            f"Left out: {facts.incomplete_pairs:,} pairs with fewer than {about.recipe.min_ratings} ratings.",
        ]
    return "\n".join(lines)


def _agreement(about: About) -> str:
    facts = about.facts
    dispersion = facts.dispersion
    lines = [
        "## Agreement",
        "",
        f"- Krippendorff's alpha (interval): {_alpha(facts.alpha)}",
        f"- Mean dispersion (population standard deviation of a pair's ratings): {_number(dispersion.mean)}; "
        f"with the sample standard deviation {_number(dispersion.sample_mean)}",
        f"- Pairs with a dispersion below 0.09: {_share(dispersion.share_below_09)}; "
        f"below 0.11: {_share(dispersion.share_below_11)}",
    ]
    for words, counts in (("Protocol of the ratings", facts.protocols), ("Answers given with", facts.input_methods)):
        named = [f"{licences.cell(name) or 'not recorded'} ({count:,})" for name, count in sorted(counts.items())]
        lines += [f"- {words}: {', '.join(named)}"] if named else []
    return "\n".join(lines)


def _preferences(about: About) -> str:
    needed = about.recipe.votes_needed
    lines = [
        "## Preferences",
        "",
        "Two-alternative forced choice (2AFC) between two ambiguous pairs that share their music or their painting. A "
        f"winner needs a strict majority of at least {needed} votes; without one, `winner` is null.",
        "",
        "| direction | tasks | decided | unanimous |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {direction} | {fact.tasks:,} | {fact.kept:,} | {fact.unanimous:,} |"
        for direction, fact in sorted(about.facts.preferences.items())
    ]
    return "\n".join(lines)


def _licences(about: About, arrays: Mapping[str, ArrayFact]) -> str:
    lines = ["## Licences and rights", "", *licences.table(about.facts), ""]
    lines += licences.rights(about.facts, arrays.values())
    return "\n".join([*lines, "", "Item by item in the tables; notes in [LICENSE.md](LICENSE.md)."])


def _how_made(about: About) -> str:
    recipe = about.recipe
    made_on = f" on {about.created_on.isoformat()}" if about.created_on else ""
    raters = {
        RaterIds.PSEUDONYMOUS: "Raters are named by pseudonyms only.",
        RaterIds.ABSENT: "Who gave a rating is left out, and so is the table of raters.",
    }
    return "\n".join(
        [
            "## How it was made",
            "",
            f"Made{made_on} by MPD Atelier {about.code_version}, recipe `{recipe.name}`. A pair is taken from "
            f"{recipe.min_ratings} ratings on; its score leaves out the {recipe.trim} lowest and the {recipe.trim} "
            f"highest and averages the rest. {raters[recipe.rater_ids]} The same judgments under the same recipe give "
            "the same bytes.",
            "",
            _playback(about.facts),
            "",
            "```json",
            recipe.to_json(),
            "```",
        ]
    )


def _playback(facts: Facts) -> str:
    if facts.playback_lufs is None:
        return "Clips were played as they were mastered, without loudness normalisation."
    words = (
        f"Loudness: clips were played at {facts.playback_lufs:g} LUFS (integrated loudness, EBU R 128), by a gain that "
        f"keeps true peaks at or below {PEAK_CEILING_DBTP:g} dBTP; the sound files here are as they were mastered."
    )
    if facts.held_back_clips:
        words += f" {facts.held_back_clips:,} of {facts.clips:,} clips stayed softer, since their peaks leave no room."
    if facts.unmeasured_clips:
        words += f" The loudness of {facts.unmeasured_clips:,} clips is not known: they were played as they are."
    return words


def _contents(about: About, tables: Mapping[str, TableFact], arrays: Mapping[str, ArrayFact]) -> str:
    lines = ["## What is inside", "", "| file | rows | columns |", "|---|---:|---|"]
    lines += [
        f"| `{table_path(name)}` | {table.rows:,} | {', '.join(table.columns)} |" for name, table in tables.items()
    ]
    if arrays:
        lines += ["", "| array | type | shape |", "|---|---|---|"]
        lines += [f"| `{fact.path}` | {fact.dtype} | {fact.shape} |" for fact in arrays.values()]
        lines += ["", "Row i of an array belongs to the painting or clip whose column `row` is i."]
    media = {
        MediaChoice.NONE: "Pictures and sound are not included.",
        MediaChoice.PREVIEWS: "`media/` holds the pictures as raters saw them; sound is not included.",
        MediaChoice.FULL: "`media/` holds the pictures and the sound as raters saw and heard them"
        + ("." if about.facts.playback_lufs is None else ", but for the loudness."),
    }
    if about.complete_digest:
        lines += [
            "",
            f"This is the public form of the snapshot `{about.complete_digest}`: the same tables and media, without "
            "`arrays/`. Make model inputs anew from `media/`.",
        ]
    lines += ["", f"{media[about.recipe.media]} The column `media` gives each item's file, null where there is none."]
    return "\n".join(lines)


def _alpha(alpha: AlphaFact) -> str:
    if alpha.value is None:
        return "undefined (too few ratings, or no variation)"
    interval = f", 95% interval {_number(alpha.low)} to {_number(alpha.high)} (jackknife over pairs)"
    units = f"; {alpha.n_ratings:,} ratings of {alpha.n_units:,} pairs"
    return _number(alpha.value) + (interval if alpha.low is not None else "") + units


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.1%}"


def _loading(*, with_arrays: bool) -> str:
    frames = "data.pairs, data.ratings, data.preferences, data.paintings, data.clips"
    checked = (
        ("and the arrays as read-only memory maps", f"{frames}\ndata.arrays().paintings_u8, data.arrays().mels_f16")
        if with_arrays
        else ("the tables as frames", frames)
    )
    return _LOADING.format(*checked)


_LOADING = """\
## Loading

```python
from datasets import load_dataset

train = load_dataset("PATH", "pairs", split="train")  # also: validation, test, cross
ratings = load_dataset("PATH", "ratings", split="full")
```

```python
import pandas as pd

test = pd.read_parquet("PATH/data/pairs-test.parquet")
```

With every byte checked first, {}:

```python
from mpd_builder import snapshot

data = snapshot.read("PATH")
{}
```

`python -m mpd_builder verify PATH`, or without it `cd PATH && sha256sum -c SHA256SUMS`, finds any change.
"""
