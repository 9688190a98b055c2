"""Imports through the API: every source, the panel's refusals, and what was not taken as CSV."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from annotation_site.accounts.models import User
from annotation_site.corpus.models import ImportIssue, ImportJob, Upload
from tests.conftest import NOON
from tests.factories import make_admin

pytestmark = pytest.mark.django_db

IMPORTS = "/api/v1/imports/"
Level = ImportIssue.Level


def whole_upload(user: User, *, received: int = 3) -> Upload:
    upload = Upload.objects.create(created_by=user, created_at=NOON, touched_at=NOON)
    upload.files.create(name="a.png", size=3, received=received)
    return upload


def test_an_import_of_any_source_is_queued_with_what_is_asked_of_it(ada: APIClient, tmp_path: Path) -> None:
    lists = tmp_path / "train.csv"
    lists.touch()
    options = {"styles": ["Baroque"], "lists": [str(lists)], "licence": "public domain", "may_publish": False}
    wanted = {"source": "wikiart", "path": str(tmp_path), "options": options}
    response = ada.post(IMPORTS, wanted, format="json")
    assert response.status_code == 201, response.json()
    assert response.json()["options"] == options
    job = ImportJob.objects.get()
    assert (job.source, job.path, job.options) == ("wikiart", str(tmp_path), options)


def test_a_zip_is_a_file_and_a_folder_is_not_a_zip(ada: APIClient, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w"):
        pass
    assert ada.post(IMPORTS, {"source": "zip", "path": str(archive)}, format="json").status_code == 201
    response = ada.post(IMPORTS, {"source": "zip", "path": str(tmp_path)}, format="json")
    assert (response.status_code, response.json()["detail"]) == (
        409,
        f"There is no zip archive {tmp_path} on this machine.",
    )
    assert ada.post(IMPORTS, {"source": "folder", "path": str(archive)}, format="json").status_code == 409


def test_an_upload_is_imported_by_its_key_when_it_is_whole(ada: APIClient) -> None:
    upload = whole_upload(User.objects.get(username="ada"))
    response = ada.post(IMPORTS, {"source": "upload", "upload": str(upload.key)}, format="json")
    assert (response.status_code, response.json().get("upload")) == (201, str(upload.key))
    assert ImportJob.objects.get().upload == upload


def test_uploads_of_others_and_those_that_are_not_whole_are_refused(ada: APIClient) -> None:
    others = whole_upload(make_admin("eve"))
    for key in (others.key, uuid4()):
        response = ada.post(IMPORTS, {"source": "upload", "upload": str(key)}, format="json")
        assert (response.status_code, response.json()["code"]) == (400, "invalid")
    cut = whole_upload(User.objects.get(username="ada"), received=2)
    response = ada.post(IMPORTS, {"source": "upload", "upload": str(cut.key)}, format="json")
    assert (response.status_code, response.json()["detail"]) == (409, "1 file has not come whole yet. Send the rest.")
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"source": "upload"},
        {"source": "upload", "path": "/x"},
        {"source": "folder", "upload": "6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f"},
        {"source": "ftp", "path": "/x"},
        {"path": "/", "options": {"may_publish": "perhaps"}},
        {"path": "/", "options": {"licence": "x" * 201}},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_field_by_field(ada: APIClient, wanted: dict[str, object]) -> None:
    response = ada.post(IMPORTS, wanted, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert not ImportJob.objects.exists()


def test_only_folders_below_the_roots_that_are_set_may_be_read(ada: APIClient, tmp_path: Path, settings) -> None:  # type: ignore[no-untyped-def]
    inside, outside = tmp_path / "open" / "deep", tmp_path / "closed"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
    (tmp_path / "open" / "link").symlink_to(outside)
    (outside / "list.csv").touch()
    settings.IMPORT_ROOTS = [str(tmp_path / "open")]
    assert ada.post(IMPORTS, {"path": str(inside)}, format="json").status_code == 201
    for path in (outside, tmp_path / "open" / "link", tmp_path / "open" / ".." / "closed", Path("/")):
        response = ada.post(IMPORTS, {"path": str(path)}, format="json")
        assert response.status_code == 409, path
        assert f"only read from below {tmp_path / 'open'} here" in response.json()["detail"]
    listed = {"source": "wikiart", "path": str(inside), "options": {"lists": [str(outside / "list.csv")]}}
    assert ada.post(IMPORTS, listed, format="json").status_code == 409
    assert ImportJob.objects.count() == 1


def reported_job() -> ImportJob:
    job = ImportJob.objects.create(path="/data", created_at=NOON)
    for file, level in (
        ("ä, b.png", Level.WARNING),
        ("=HYPERLINK(1).jpg", Level.REJECTED),
        ("-2+3.jpg", Level.REJECTED),
    ):
        ImportIssue.objects.create(job=job, file=file, level=level, code="x", reason='Says "no".', hint="@me")
    return job


def test_what_was_not_taken_is_a_csv_file_without_formulas(ada: APIClient, vera: APIClient, client: Client) -> None:
    job = reported_job()
    address = f"{IMPORTS}{job.pk}/issues.csv"
    for accepted in ("*/*", "text/csv", "text/html,*/*;q=0.8"):
        response = ada.get(address, headers={"accept": accepted})
        assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    body = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["file", "level", "code", "reason", "hint"],
        ["'-2+3.jpg", "rejected", "x", 'Says "no".', "'@me"],
        ["'=HYPERLINK(1).jpg", "rejected", "x", 'Says "no".', "'@me"],
        ["ä, b.png", "warning", "x", 'Says "no".', "'@me"],
    ]
    assert vera.get(address).status_code == 403
    assert client.get(address).status_code == 401
    assert ada.get(f"{IMPORTS}999/issues.csv").json()["code"] == "not_found"


def test_a_long_report_is_not_held_in_memory_at_once(ada: APIClient, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    job = reported_job()
    ImportIssue.objects.bulk_create(
        ImportIssue(job=job, file=f"{index}.jpg", level=Level.REJECTED, code="empty", reason="It is empty.")
        for index in range(3_000)
    )
    with django_assert_max_num_queries(12):
        response = ada.get(f"{IMPORTS}{job.pk}/issues.csv")
        chunks = list(response.streaming_content)  # type: ignore[attr-defined]
    assert len(chunks) == 1 + 3_003
