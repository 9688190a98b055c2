"""A folder as people have one: two paintings and a track with metadata, a copy, and files that cannot be taken."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from annotation_site.corpus import importing
from mpd_builder.ingest import Candidate, Limits, Outcome, Rejected, process
from tests.corpus.sites import migrate
from tests.databases import empty_sqlite
from tests.mpd_builder.media_files import gradient, tone, write_picture, write_sound


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database with all its tables and nothing in them, to be copied."""
    return empty_sqlite(tmp_path_factory.mktemp("migrated"), migrate)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    (root / "music").mkdir(parents=True)
    write_picture(root / "a.png", gradient(320, 288))
    write_picture(root / "b.jpg", gradient(500, 400), form="JPEG")
    swelling = tone(31.0) * np.linspace(0.2, 1.0, 31 * 8_000, dtype=np.float32)[:, None]
    write_sound(root / "music" / "c.wav", swelling)
    (root / "paintings.csv").write_text(
        "file,title,artist,style,licence,owner\na.png,Night,Ann,Baroque,CC0-1.0,Vera\nb.jpg,Day,Ben,Rococo,MIT,\n"
    )
    (root / "music" / "tracks.csv").write_text("file,title,artist,genre_or_mood,licence\nc.wav,Dawn,Cy,calm,CC0-1.0\n")
    return root


@pytest.fixture
def untidy(folder: Path) -> Path:
    """The same, with a copy of a painting and two files that are no media."""
    (folder / "0 first by name").mkdir()
    shutil.copy(folder / "a.png", folder / "0 first by name" / "копия.png")
    (folder / "page.jpg").write_text("<html>404</html>")
    (folder / "empty.mp3").touch()
    return folder


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check files in the test's own process: quicker, and the processes have tests of their own. Tell all progress."""

    def one_by_one(
        candidates: Iterable[Candidate], *, limits: Limits, workers: int
    ) -> Iterator[tuple[Candidate, Outcome]]:
        for candidate in candidates:
            try:
                yield candidate, process(candidate, limits=limits)
            except Rejected as rejected:
                yield candidate, rejected

    monkeypatch.setattr(importing, "process_many", one_by_one)
    monkeypatch.setattr(importing, "EVERY_S", 0.0)
