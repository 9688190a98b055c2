"""Imports from each kind of source, with options, and what they leave in the scratch folder: nothing."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from annotation_site.corpus.limits import limits_here
from annotation_site.corpus.models import ImportJob, Painting, PaintingOrigin, Track, Upload
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.services import CorpusError, import_now, import_start
from annotation_site.corpus.tasks import import_source
from annotation_site.corpus.uploads import files_add, part_put, upload_begin
from annotation_site.environment import folders, whole_number
from annotation_site.jobs.models import JobState
from mpd_builder.ingest import PAPER_STYLES
from tests.conftest import NOON
from tests.factories import make_admin
from tests.mpd_builder.media_files import gradient, write_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_process")]

Source = ImportJob.Source


def scratch_is_empty() -> bool:
    return not any(Path(settings.IMPORT_SCRATCH).iterdir())


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive


@pytest.fixture
def wikiart(tmp_path: Path) -> Path:
    """The paper's five styles and another one."""
    root = tmp_path / "wikiart"
    for index, style in enumerate((*PAPER_STYLES, "Ukiyo_e")):
        name = style.replace(" ", "_")
        (root / name).mkdir(parents=True)
        write_picture(root / name / "some-body_the-work-1650.jpg", gradient(300 + index, 280), form="JPEG")
    return root


def test_wikiart_brings_the_papers_styles_and_reads_the_names(wikiart: Path):
    options = ImportOptions(licence="public domain", may_publish=False)
    job = import_now(source=Source.WIKIART, path=wikiart, options=options, now=NOON)
    assert (job.n_added, job.total) == (5, 5)
    painting = Painting.objects.get(style="Baroque")
    assert (painting.title, painting.artist, painting.year) == ("The work", "Some Body", "1650")
    assert (painting.collection, painting.licence, painting.may_publish) == ("WikiArt", "public domain", False)
    assert painting.origins.get().place == f"wikiart:{wikiart}"


def test_wikiart_brings_the_styles_that_are_named(wikiart: Path):
    import_now(source=Source.WIKIART, path=wikiart, options=ImportOptions(styles=("Ukiyo_e",)), now=NOON)
    assert Painting.objects.count() == 1


def test_a_zip_comes_in_like_the_folder_that_it_holds(untidy: Path, tmp_path: Path):
    archive = zipped(untidy, tmp_path / "all.zip")
    job = import_now(source=Source.ZIP, path=archive, now=NOON)
    assert (job.state, job.n_added, job.n_skipped, job.n_failed) == (JobState.DONE, 3, 1, 2)
    assert set(job.issues.values_list("code", flat=True)) == {"duplicate", "empty", "web_page"}
    assert (Painting.objects.get(title="Night").artist, Track.objects.get().title) == ("Ann", "Dawn")
    assert set(PaintingOrigin.objects.values_list("place", flat=True)) == {f"zip:{archive}"}
    assert scratch_is_empty()
    assert import_now(source=Source.ZIP, path=archive, now=NOON).n_added == 0


def test_what_is_no_zip_fails_in_words(tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(b"nothing of the kind")
    with pytest.raises(CorpusError, match=r"Nothing was imported\."):
        import_now(source=Source.ZIP, path=tmp_path / "a.zip", now=NOON)
    assert scratch_is_empty()


@pytest.fixture
def upload(untidy: Path, tmp_path: Path) -> Upload:
    """The untidy folder sent from a browser, its music in a zip."""
    zipped(untidy / "music", tmp_path / "music.zip")
    shutil.rmtree(untidy / "music")
    shutil.move(tmp_path / "music.zip", untidy / "music.zip")
    upload = upload_begin(user=make_admin("eve"), now=NOON)
    paths = [path for path in sorted(untidy.rglob("*")) if path.is_file()]
    files = files_add(
        upload=upload, files=[(str(path.relative_to(untidy)), path.stat().st_size) for path in paths], now=NOON
    )
    for path, file in zip(paths, files, strict=True):
        if file.size:
            part_put(file=file, offset=0, content=ContentFile(path.read_bytes()), now=NOON)
    return upload


def test_an_upload_comes_in_with_the_zips_in_it_and_again_changes_nothing(upload: Upload):
    job = import_now(source=Source.UPLOAD, upload=upload, now=NOON)
    assert (job.n_added, job.n_skipped, job.n_failed) == (3, 1, 2)
    assert (Painting.objects.get(title="Night").artist, Track.objects.get().title) == ("Ann", "Dawn")
    assert set(PaintingOrigin.objects.values_list("place", flat=True)) == {f"upload:{upload.key}"}
    assert scratch_is_empty()
    origins = PaintingOrigin.objects.count()
    again = import_now(source=Source.UPLOAD, upload=upload, now=NOON)
    assert (again.n_added, PaintingOrigin.objects.count()) == (0, origins)


def test_an_upload_that_has_gone_meanwhile_fails_the_job_in_words(upload: Upload, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("annotation_site.jobs.services._send", lambda **_: None)
    job = import_start(source=Source.UPLOAD, upload=upload, user=None, now=NOON)
    upload.delete()
    assert import_source(job.pk) == JobState.FAILED
    job.refresh_from_db()
    assert job.error == "What was uploaded is not there any more. Send it again. Nothing was imported."


def test_an_upload_that_is_not_whole_cannot_be_started(upload: Upload):
    upload.files.update(received=0)
    with pytest.raises(CorpusError, match=r"files have not come whole yet\. Send the rest\."):
        import_start(source=Source.UPLOAD, upload=upload, user=None, now=NOON)
    assert not ImportJob.objects.exists()


def test_options_survive_the_row_that_holds_them(tmp_path: Path):
    asked = ImportOptions(("A", "B"), (tmp_path / "a.csv",), "MIT", "Ann", "attic", "Mine", may_publish=False)
    for options in (asked, ImportOptions(), ImportOptions(may_publish=True)):
        job = ImportJob.objects.create(path="/x", created_at=NOON, options=options.to_json())
        job.refresh_from_db()
        assert ImportOptions.from_json(job.options) == options


def test_the_sites_settings_are_the_limits_of_an_import(folder: Path, settings: Any):
    settings.IMPORT_MAX_PIXELS = 100_000
    settings.IMPORT_MAX_MINUTES = 1
    job = import_now(path=folder, now=NOON)
    assert (job.n_added, [issue.file for issue in job.issues.all()]) == (2, ["b.jpg"])
    assert limits_here().max_seconds == 60.0


@pytest.mark.parametrize("text", ["-1", "0", "many", "1.5", "²"])
def test_a_setting_that_is_no_number_stops_the_start_in_words(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IMPORT_MAX_PIXELS", text)
    with pytest.raises(ImproperlyConfigured, match="IMPORT_MAX_PIXELS must be a whole number of at least 1"):
        whole_number("IMPORT_MAX_PIXELS", 7)


def test_settings_that_are_not_there_have_their_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("IMPORT_MAX_PIXELS", raising=False)
    assert whole_number("IMPORT_MAX_PIXELS", 7) == 7
    monkeypatch.setenv("IMPORT_ROOTS", "/srv/a:/srv/b")
    assert folders("IMPORT_ROOTS") == ["/srv/a", "/srv/b"]
    monkeypatch.setenv("IMPORT_ROOTS", "here")
    with pytest.raises(ImproperlyConfigured, match="not a full path"):
        folders("IMPORT_ROOTS")
