"""Where items come from, and what a later source adds: it fills gaps and overwrites nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from annotation_site.corpus.models import ImportJob, Painting, PaintingOrigin, Track, TrackOrigin
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.provenance import origin_file
from annotation_site.corpus.services import import_now
from tests.conftest import NOON
from tests.mpd_builder.media_files import gradient, write_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_process")]


def brought(folder: Path, **options: Any) -> ImportJob:
    return import_now(path=folder, options=ImportOptions(**options), now=NOON)


def told(job: ImportJob) -> list[tuple[str, str]]:
    return list(job.issues.order_by("file", "code").values_list("file", "code"))


def origins() -> list[tuple[str, str]]:
    rows = [*PaintingOrigin.objects.order_by("pk"), *TrackOrigin.objects.order_by("pk")]
    return [(row.place.rsplit("/", 1)[1], row.file) for row in rows]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with one picture and nothing said of it."""
    folder = tmp_path / "bare"
    folder.mkdir()
    write_picture(folder / "IMG_0042.png", gradient(320, 288))
    return folder


@pytest.fixture
def described(tmp_path: Path, bare: Path) -> Path:
    """The same picture under the name night.png, with a list that says much."""
    folder = tmp_path / "described"
    folder.mkdir()
    shutil.copy(bare / "IMG_0042.png", folder / "night.png")
    describe(folder, licence="CC0-1.0")
    return folder


def describe(folder: Path, file: str = "night.png", title: str = "By night", **more: str) -> None:
    more = {"artist": "Ann", "year": "1920", "style": "Baroque", "collection": "Mine", **more}
    header, row = ",".join(("file", "title", *more)), ",".join((file, title, *more.values()))
    (folder / "list.csv").write_text(f"{header}\n{row}\n")


def test_every_place_of_the_same_bytes_is_kept_and_none_twice(untidy: Path, tmp_path: Path):
    brought(untidy)
    both = [("mine", "a.png"), ("mine", "b.jpg"), ("mine", "0 first by name/копия.png"), ("mine", "music/c.wav")]
    assert sorted(origins()) == sorted(both)
    assert brought(untidy).n_added == 0
    assert sorted(origins()) == sorted(both)
    shutil.copytree(untidy, tmp_path / "elsewhere")
    again = brought(tmp_path / "elsewhere")
    assert sorted(origins()) == sorted([*both, *(("elsewhere", file) for _, file in both)])
    assert [code for _, code in told(again)] == ["duplicate", "empty", "web_page"]
    assert (Painting.objects.count(), Track.objects.count()) == (2, 1)


def test_an_origin_says_what_was_said_there_and_which_job_it_was(described: Path):
    job = brought(described, source="my attic")
    origin = PaintingOrigin.objects.get()
    assert (origin.place, origin.file, origin.job) == (f"folder:{described}", "night.png", job)
    assert {name: origin.details[name] for name in ("title", "artist", "licence", "source")} == {
        "title": "By night",
        "artist": "Ann",
        "licence": "CC0-1.0",
        "source": "my attic",
    }


def test_a_later_source_fills_what_is_empty_and_a_title_that_was_only_the_files_name(bare: Path, described: Path):
    brought(bare)
    painting = Painting.objects.get()
    assert (painting.title, painting.artist, painting.licence, painting.style) == ("IMG 0042", "", "", "")
    job = brought(described)
    painting.refresh_from_db()
    assert (painting.title, painting.artist, painting.year, painting.style) == ("By night", "Ann", "1920", "Baroque")
    assert (painting.licence, painting.collection, painting.file_name) == ("CC0-1.0", "Mine", "IMG_0042.png")
    assert (job.n_added, job.n_skipped) == (0, 1)
    assert [code for _, code in told(job)] == ["duplicate"]


def test_a_list_without_titles_does_not_keep_the_files_name_for_one(bare: Path, described: Path):
    (bare / "list.csv").write_text("file,licence\nIMG_0042.png,MIT\n")
    brought(bare)
    brought(described)
    assert Painting.objects.get().title == "By night"


def test_a_title_that_somebody_wrote_stays_though_it_is_the_files_name_too(bare: Path, described: Path):
    describe(bare, "IMG_0042.png", "IMG 0042")
    brought(bare)
    brought(described)
    assert Painting.objects.get().title == "IMG 0042"


def test_a_later_source_overwrites_nothing_and_what_it_says_can_be_seen(bare: Path, described: Path):
    brought(described)
    describe(bare, "IMG_0042.png", "Another title", artist="Ben", year="1930", licence="MIT", owner="Vera")
    job = brought(bare)
    painting = Painting.objects.get()
    assert (painting.title, painting.artist, painting.year, painting.licence) == ("By night", "Ann", "1920", "CC0-1.0")
    assert painting.extras == {"owner": "Vera"}
    second = PaintingOrigin.objects.get(file="IMG_0042.png").details
    assert (second["title"], second["artist"], second["year"], second["licence"]) == (
        "Another title",
        "Ben",
        "1930",
        "MIT",
    )
    assert told(job) == [("IMG_0042.png", "duplicate"), ("IMG_0042.png", "licence_differs")]
    assert (
        "Here its licence is 'MIT', in the corpus 'CC0-1.0', which stays."
        in job.issues.get(code="licence_differs").reason
    )


@pytest.mark.parametrize(
    ("first", "second", "holds", "is_told"),
    [(True, False, False, True), (False, True, False, True), (None, False, False, True), (False, None, False, False)],
)
def test_the_stricter_word_on_publishing_holds_and_is_told(
    bare: Path, described: Path, first: bool | None, second: bool | None, holds: bool, is_told: bool
):
    brought(bare, may_publish=first)
    job = brought(described, may_publish=second)
    assert Painting.objects.get().may_publish is holds
    assert ("night.png", "may_publish_differs") in told(job) or not is_told
    assert job.issues.filter(code="may_publish_differs").count() == is_told


def test_what_the_metadata_say_of_publishing_goes_before_what_the_options_say(described: Path):
    describe(described, may_publish="no")
    brought(described, may_publish=True)
    assert Painting.objects.get().may_publish is False


def test_corrected_metadata_fill_gaps_at_the_next_import_and_the_rest_is_told_once(described: Path):
    describe(described)
    brought(described)
    assert Painting.objects.get().licence == ""
    describe(described, artist="Anna", licence="CC0-1.0")
    job = brought(described)
    painting = Painting.objects.get()
    assert (painting.artist, painting.licence, PaintingOrigin.objects.count()) == ("Ann", "CC0-1.0", 1)
    assert told(job) == [("night.png", "metadata_changed")]
    assert "(artist)" in job.issues.get().reason
    assert told(brought(described)) == []


def test_what_a_person_changed_stays_when_the_import_is_repeated(described: Path):
    describe(described, may_publish="no")
    brought(described)
    Painting.objects.update(title="Evening", may_publish=True, artist="")
    brought(described)
    painting = Painting.objects.get()
    assert (painting.title, painting.may_publish, painting.artist) == ("Evening", True, "")


def test_tracks_get_their_ratings_from_a_later_source(folder: Path, tmp_path: Path):
    brought(folder)
    assert Track.objects.get().valence is None
    shutil.copytree(folder, tmp_path / "rated")
    (tmp_path / "rated" / "music" / "tracks.csv").write_text("file,valence,arousal\nc.wav,6.5,3.25\n")
    brought(tmp_path / "rated")
    track = Track.objects.get()
    assert (track.valence, track.arousal, track.title, track.genre) == (6.5, 3.25, "Dawn", "calm")


def test_an_item_that_was_withdrawn_stays_so_and_it_is_told(bare: Path):
    brought(bare)
    Painting.objects.update(withdrawn_at=NOON, withdrawn_because="a forgery")
    for _ in range(2):
        job = brought(bare)
        assert told(job) == [("IMG_0042.png", "withdrawn")]
    assert Painting.objects.get().withdrawn_at == NOON


def test_names_too_long_for_an_index_are_still_told_apart():
    names = [f"{'x' * 900}/{'я' * 395}{end}.jpg" for end in "ab"] + [f"y{'x' * 899}/{'я' * 395}a.jpg"]
    kept = [origin_file(name) for name in names]
    assert len(set(kept)) == 3
    assert all(len(name) <= 400 and name.endswith(".jpg") for name in kept)


def test_items_from_before_origins_were_kept_get_theirs(bare: Path):
    brought(bare)
    PaintingOrigin.objects.all().delete()
    assert told(brought(bare)) == []
    assert origins() == [("bare", "IMG_0042.png")]
