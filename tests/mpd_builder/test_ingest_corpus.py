"""The whole real corpus, through the processes as the site runs them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mpd_builder.ingest import CheckedPainting, CheckedTrack, FolderSource, Limits, Outcome, process_many

pytestmark = pytest.mark.slow


def listed(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def imported(folder: Path) -> dict[str, Outcome]:
    return {
        candidate.name: outcome
        for candidate, outcome in process_many(FolderSource(folder).candidates(), limits=Limits(), workers=2)
    }


def test_all_paintings_come_in_with_their_metadata(shared_corpus: Path) -> None:
    rows, outcomes = listed(shared_corpus / "paintings" / "paintings.csv"), imported(shared_corpus / "paintings")
    assert set(outcomes) == set(rows)
    assert len(outcomes) == 316
    for name, outcome in outcomes.items():
        assert isinstance(outcome, CheckedPainting), (name, outcome)
        painting, row = outcome.painting, rows[name]
        assert (painting.sha256, painting.artist, painting.style) == (row["sha256"], row["artist"], row["style"])
        assert outcome.model_input.std() > 3
    assert len({outcome.dhash for outcome in outcomes.values() if isinstance(outcome, CheckedPainting)}) == 316


def test_all_tracks_come_in_as_220_clips(shared_corpus: Path) -> None:
    rows, outcomes = listed(shared_corpus / "music" / "tracks.csv"), imported(shared_corpus / "music")
    assert set(outcomes) == set(rows)
    assert len(outcomes) == 64
    n_clips = 0
    for name, outcome in outcomes.items():
        assert isinstance(outcome, CheckedTrack), (name, outcome)
        assert outcome.track.duration_s == pytest.approx(float(rows[name]["duration_s"]), abs=0.11), name
        assert all(np.isfinite(clip.mel).all() for clip in outcome.clips)
        n_clips += len(outcome.clips)
    assert n_clips == 220


def test_annotation_data_are_no_media(shared_corpus: Path) -> None:
    assert list(FolderSource(shared_corpus / "annotations").candidates()) == []
