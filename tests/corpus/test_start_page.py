"""The start page of an import and the page of its job, as an admin meets them without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import User
from annotation_site.corpus.models import ImportIssue, ImportJob, PaintingLikeness, Upload, UploadedFile
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.uploads import upload_assemble, upload_begin, upload_take
from annotation_site.jobs.models import JobState
from mpd_builder.ingest.sources import PAPER_STYLES
from tests.conftest import NOON
from tests.factories import make_admin, make_painting, make_rater

pytestmark = pytest.mark.django_db

START = "/admin/corpus/importjob/add/"
Source = ImportJob.Source


@pytest.fixture
def ada() -> User:
    return make_admin("ada")


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotation_site.jobs.services.current_app.send_task", lambda *_, **__: None)


def sent(name: str, data: bytes = b"bytes") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def start(client: Client, **fields: Any) -> ImportJob:
    """The job that the form started."""
    response = client.post(START, fields)
    assert response.status_code == 302, response.content.decode()
    job = ImportJob.objects.latest("pk")
    assert response["Location"] == reverse("admin:corpus_importjob_change", args=[job.pk])
    return job


def refused(client: Client, **fields: Any) -> str:
    """The page that says why nothing was started."""
    response = client.post(START, fields)
    assert response.status_code == 200
    assert not ImportJob.objects.exists()
    return response.content.decode()


def test_raters_and_strangers_do_not_start_imports(client: Client, folder: Path):
    for _ in ("a stranger", "a rater"):
        assert client.get(START).status_code == 302
        assert client.post(START, {"kind": "folder", "path": str(folder)}).status_code == 302
        client.force_login(make_rater().user)
    assert not ImportJob.objects.exists()


def test_the_page_offers_every_source_and_uploads_first(admin: Client):
    page = admin.get(START).content.decode()
    kinds = re.findall(r'name="kind"\s+value="(\w+)"\s+(checked)?', page)
    assert kinds[0] == ("upload", "checked")
    assert {kind for kind, _ in kinds} == set(Source.values)
    assert len(re.findall(r'name="styles"[^>]* checked[ >]', page)) == len(PAPER_STYLES)
    assert "Drag pictures, music, a CSV or a zip here" in page
    assert 'type="module"' in page
    assert "<script>" not in page.split('class="import-form"')[1]


def test_without_scripts_the_form_itself_brings_the_files(admin: Client, tmp_path: Path):
    job = start(admin, kind="upload", files=[sent("a.jpg", b"one"), sent("a.jpg", b"two"), sent("b.csv", b"")])
    assert (job.source, job.path) == (Source.UPLOAD, "")
    assert job.upload is not None
    upload_assemble(upload=job.upload, folder=tmp_path / "out")
    there = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert there == {"a.jpg": b"one", "a (2).jpg": b"two", "b.csv": b""}


def test_a_mistake_elsewhere_in_the_form_loses_no_file(admin: Client):
    page = refused(admin, kind="upload", files=[sent("a.jpg")], licence="x" * 201, source="The museum")
    assert "at most 200 characters" in page
    assert 'value="The museum"' in page
    assert "file of yours is here already" in page
    upload = Upload.objects.get()
    assert start(admin, kind="upload", upload=str(upload.key), licence="MIT").upload == upload


def test_a_file_that_cannot_be_kept_is_said_so_at_the_files(admin: Client, settings: Any):
    settings.UPLOAD_MAX_FILE_BYTES = 3
    assert "a.jpg is larger than" in refused(admin, kind="upload", files=[sent("a.jpg")])


def test_nothing_chosen_is_said_so(admin: Client):
    assert "Choose the files that are to be imported." in refused(admin, kind="upload")
    assert "Name the folder, with its full path" in refused(admin, kind="aacp")
    assert "Name the zip file" in refused(admin, kind="zip")
    assert "Choose at least one style." in refused(admin, kind="wikiart", path="/srv")


def test_another_admins_upload_cannot_be_imported(admin: Client):
    upload = upload_take(user=make_admin(), files=[sent("a.jpg")], now=NOON)
    assert "not there any more" in refused(admin, kind="upload", upload=str(upload.key))


def test_files_that_did_not_come_whole_hold_an_import_up_until_they_are_given_up(admin: Client, ada: User):
    upload = upload_take(user=ada, files=[sent("a.jpg")], now=NOON)
    UploadedFile.objects.create(upload=upload, name="cut.jpg", size=9, received=4)
    assert "1 file has not come whole yet" in refused(admin, kind="upload", upload=str(upload.key))
    job = start(admin, use_unfinished=str(upload.key), kind="folder")
    assert job.upload == upload
    assert [file.name for file in upload.files.all()] == ["a.jpg"]


def test_what_was_begun_is_offered_to_whoever_began_it(admin: Client, ada: User):
    assert "You were sending" not in admin.get(START).content.decode()
    upload = upload_begin(user=ada, now=NOON)
    UploadedFile.objects.create(upload=upload, name="a.jpg", size=9, received=4)
    UploadedFile.objects.create(upload=upload, name="b.jpg", size=3, received=3)
    page = " ".join(admin.get(START).content.decode().split())
    assert "You were sending 2 files" in page
    assert "Import the 1 file that is here" in page
    admin.force_login(make_admin())
    assert "You were sending" not in admin.get(START).content.decode()


def test_what_lies_on_the_server_is_imported_with_what_was_asked(admin: Client, folder: Path):
    lists = [folder / "paintings.csv", folder / "music" / "tracks.csv"]
    job = start(
        admin,
        kind="wikiart",
        path=str(folder),
        styles=["Baroque", "Rococo"],
        lists="\n".join(f" {path} " for path in lists) + "\n\n",
        licence="CC0-1.0",
        attribution="Ann",
        source="The museum",
        collection="Ours",
        may_publish="no",
    )
    assert (job.source, job.path) == (Source.WIKIART, str(folder))
    assert ImportOptions.from_json(job.options) == ImportOptions(
        styles=("Baroque", "Rococo"),
        lists=tuple(lists),
        licence="CC0-1.0",
        attribution="Ann",
        source="The museum",
        collection="Ours",
        may_publish=False,
    )


def test_styles_and_lists_are_wikiarts_only(admin: Client, folder: Path):
    job = start(admin, kind="folder", path=str(folder), styles=["Baroque"], lists="nowhere", may_publish="")
    assert job.options == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "folder", "path": "/nowhere/at/all"}, "There is no folder /nowhere/at/all"),
        ({"kind": "zip", "path": "/nowhere/a.zip"}, "There is no zip archive /nowhere/a.zip"),
        ({"kind": "wikiart", "styles": ["Baroque"], "lists": "train.csv"}, "train.csv is not a full path"),
        ({"kind": "wikiart", "styles": ["Baroque"], "lists": "/no/train.csv"}, "There is no list /no/train.csv"),
        ({"kind": "wikiart", "styles": ["Vorticism"]}, "Vorticism is not one of the available choices"),
        ({"kind": "cloud"}, "cloud is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_as_it_was_typed(
    admin: Client, folder: Path, fields: dict[str, Any], words: str
):
    page = refused(admin, **{"path": str(folder), "collection": "Ours", **fields})
    assert words in page
    assert 'value="Ours"' in page
    assert f'value="{fields.get("path", folder)}"' in page


def test_an_import_is_started_again_as_it_was(admin: Client, folder: Path):
    job = start(admin, kind="deam", path=str(folder), licence="MIT", may_publish="yes")
    ImportJob.objects.update(state=JobState.FAILED, error="Gone.")
    shown = admin.get(reverse("admin:corpus_importjob_change", args=[job.pk])).content.decode()
    assert f"{START}?again={job.pk}" in shown
    page = admin.get(START, {"again": job.pk})
    form = page.context["form"]
    again = {name: form[name].value() for name in ("kind", "path", "licence", "may_publish")}
    assert again == {"kind": "deam", "path": str(folder), "licence": "MIT", "may_publish": "yes"}
    assert start(admin, **again).options == job.options
    assert admin.get(START, {"again": "999999"}).status_code == 200
    assert admin.get(START, {"again": "x"}).status_code == 200


def test_an_upload_is_imported_again_while_its_files_are_there(admin: Client):
    job = start(admin, kind="upload", files=[sent("a.jpg")])
    ImportJob.objects.update(state=JobState.FAILED)
    assert job.upload is not None
    form = admin.get(START, {"again": job.pk}).context["form"]
    assert form["upload"].value() == str(job.upload.key)
    Upload.objects.update(removed_at=NOON)
    assert admin.get(START, {"again": job.pk}).context["form"]["upload"].value() is None


def test_the_jobs_page_shows_what_came_how_long_it_took_and_what_is_alike(admin: Client):
    job = ImportJob.objects.create(
        path="/x", created_at=NOON, state=JobState.DONE, started_at=NOON, n_added=300, total=300, done=300,
        finished_at=NOON + timedelta(minutes=2),
    )  # fmt: skip
    first, second = make_painting(imported_by=job), make_painting(imported_by=job)
    other = make_painting()
    PaintingLikeness.objects.create(first=first, second=second, similarity=0.9, found_by=job, created_at=NOON)
    page = admin.get(reverse("admin:corpus_importjob_change", args=[job.pk])).content.decode()
    assert first.thumbnail.url in page
    assert other.thumbnail.url not in page
    assert "2 min" in page
    assert "2.5 files a second" in page
    assert "1 pair of paintings that look alike" in page
    assert "?found_by__id__exact=" in page


def test_a_running_import_says_its_rate_and_the_time_left(admin: Client):
    job = ImportJob.objects.create(
        path="/x", created_at=NOON, state=JobState.RUNNING, started_at=NOON, rate=12.34, seconds_left=200
    )
    panel = admin.get(reverse("admin:corpus_importjob_panel", args=[job.pk])).content.decode()
    assert "12.3 files a second" in panel
    assert "3 min" in panel


def test_the_issues_are_a_csv_for_admins(admin: Client):
    job = ImportJob.objects.create(path="/x", created_at=NOON, state=JobState.DONE)
    ImportIssue.objects.create(
        job=job, file="a, b.jpg", level=ImportIssue.Level.REJECTED, code="empty", reason="Empty.", hint="Again."
    )
    address = reverse("admin:corpus_importjob_issues", args=[job.pk])
    response = admin.get(address)
    text = response.getvalue().decode("utf-8-sig")
    assert text.splitlines() == ["file,level,code,reason,hint", '"a, b.jpg",rejected,empty,Empty.,Again.']
    assert f'filename="import-{job.pk}-issues.csv"' in response["Content-Disposition"]
    admin.force_login(make_rater().user)
    assert admin.get(address).status_code == 302
    admin.logout()
    assert admin.get(address).status_code == 302
