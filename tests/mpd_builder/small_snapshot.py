"""A dataset of eight pairs made by hand, its media, and a writer with everything filled in."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mpd_builder.snapshot import (
    AlphaFact,
    Dataset,
    DispersionFact,
    Facts,
    PreferenceFact,
    Recipe,
    Sealed,
    tables,
    write,
)

RECIPE = Recipe("default")
SPLIT_OF = {"0": "train", "1": "train", "2": "validation", "3": "test"}
LICENCES = {"paintings": {"": 1, "CC0-1.0": 3}, "tracks": {"CC-BY-4.0": 2}}


def painting(number: int) -> str:
    return f"p_{number:016x}"


def clip(number: int) -> str:
    return f"c_{number:016x}_00"


def pair_row(number: int) -> dict[str, object]:
    at, heard = number % 4, number // 4
    splits = (SPLIT_OF[str(at)], "train" if heard == 0 else "test")
    return {
        "pair_id": f"{painting(at)}.{clip(heard)}",
        "painting_id": painting(at),
        "clip_id": clip(heard),
        "track_id": f"t_{heard:016x}",
        "score": 0.1 * number,
        "dispersion": 0.05,
        "sample_dispersion": 0.06,
        "n_ratings": 5,
        "ambiguous": number in (4, 5, 6),
        "split": splits[0] if splits[0] == splits[1] else "cross",
        "split_painting": splits[0],
        "split_track": splits[1],
        "split_pair": splits[0],
    }


def painting_row(number: int) -> dict[str, object]:
    return {
        "row": number, "painting_id": painting(number), "sha256": f"{number:064x}", "title": f"Bild «{number}»",
        "artist": "Anna", "year": "1900", "style": "", "source": "", "licence": "CC0-1.0" if number else "",
        "attribution": "", "collection": "", "may_publish": True, "width": 300,
        "height": 200, "is_synthetic": False, "split": SPLIT_OF[str(number)], "work": painting(number),
    }  # fmt: skip


def clip_row(number: int) -> dict[str, object]:
    return {
        "row": number, "clip_id": clip(number), "track_id": f"t_{number:016x}", "index": 0, "start_frame": 0,
        "stop_frame": 240_000, "sample_rate": 16_000, "start_s": 0.0, "track_sha256": f"{number:064x}",
        "title": "Stück", "artist": "", "genre": "", "source": "", "licence": "CC-BY-4.0", "attribution": "",
        "collection": "", "may_publish": True, "valence": None, "arousal": None, "loudness_lufs": -18.5,
        "true_peak_dbtp": -2.25, "track_duration_s": 45.0,
        "is_synthetic": False, "split": "train" if number == 0 else "test", "work": f"t_{number:016x}",
    }  # fmt: skip


def facts() -> Facts:
    return Facts(
        pairs={"train": 2, "validation": 0, "test": 1, "cross": 5},
        incomplete_pairs=2,
        ambiguous_pairs=3,
        ratings=40,
        raters=5,
        simulated_raters=0,
        paintings=4,
        synthetic_paintings=0,
        tracks=2,
        synthetic_tracks=0,
        clips=2,
        score_mean=0.35,
        score_histogram=(1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
        alpha=AlphaFact(0.861234, 0.841234, 0.881234, 8, 40),
        dispersion=DispersionFact(0.05, 1.0, 1.0, 0.06),
        preferences={"music->painting": PreferenceFact(1, 1, 0), "painting->music": PreferenceFact(0, 0, 0)},
        licences=LICENCES,
        protocols={"v1": 40},
        input_methods={"keyboard": 40},
        restricted={"paintings": {"": 1}, "tracks": {}},
        same_works={"paintings": [], "tracks": []},
    )


def dataset() -> Dataset:
    pairs = [pair_row(number) for number in range(8)]
    ratings = [
        {
            "pair_id": row["pair_id"], "rater_id": f"r{number}", "value": 0.5, "played_ms": 15_000, "active_ms": 20_000,
            "input_method": "keyboard", "protocol": "v1",
        }
        for row in pairs
        for number in range(5)
    ]  # fmt: skip
    preference = {
        "task_id": "m_1", "direction": "music->painting", "query_id": clip(1), "pair_a": pairs[4]["pair_id"],
        "pair_b": pairs[5]["pair_id"], "votes_a": 2, "votes_b": 1, "winner": "a", "unanimous": False, "split": "cross",
    }  # fmt: skip
    raters = [{"rater_id": f"r{number}", "n_ratings": 8, "simulated": False} for number in range(5)]
    return Dataset(
        pairs={
            split: tables.table_of([row for row in pairs if row["split"] == split], tables.PAIRS)
            for split in tables.SPLITS
        },
        ratings=tables.table_of(ratings, tables.RATINGS),
        preferences=tables.table_of([preference], tables.PREFERENCES),
        raters=tables.table_of(raters, tables.RATERS),
        paintings=tables.table_of(
            [painting_row(number) for number in range(4)], tables.without_media(tables.PAINTINGS)
        ),
        clips=tables.table_of([clip_row(number) for number in range(2)], tables.without_media(tables.CLIPS)),
        facts=facts(),
    )


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


class SmallMedia:
    """Media by item id; a test may replace any of them."""

    def painting_display(self, painting_id: str) -> bytes:
        return picture(int(painting_id[2:], 16) % 1000)

    def painting_input(self, painting_id: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.full((256, 256, 3), int(painting_id[2:], 16) % 251, np.uint8)

    def clip_audio(self, clip_id: str) -> tuple[bytes, str]:
        return b"sound of " + clip_id.encode(), "flac"

    def clip_mel(self, clip_id: str) -> np.ndarray[Any, np.dtype[np.float16]]:
        return np.full((128, 469), -(int(clip_id[2:18], 16) % 10), np.float16)


def write_small(out_dir: Path, *, recipe: Recipe = RECIPE, **changes: Any) -> Sealed:
    arguments: dict[str, Any] = {
        "media": SmallMedia(),
        "created_on": date(2026, 1, 15),
        "code_version": "0.1.0",
    } | changes
    data = arguments.pop("dataset", None) or dataset()
    return write(data, recipe=recipe, out_dir=out_dir, **arguments)


def with_facts(**changes: Any) -> Dataset:
    return replace(dataset(), facts=replace(facts(), **changes))
