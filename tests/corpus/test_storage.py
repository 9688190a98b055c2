"""Media in an S3-compatible storage: how it is named, and that imports, uploads and players work on it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from annotation_site.corpus.models import Clip, ImportJob, Painting, Track
from annotation_site.corpus.services import import_now
from annotation_site.corpus.uploads import files_add, part_put, upload_assemble, upload_begin, upload_remove
from annotation_site.media_storage import media_storage
from tests.conftest import NOON
from tests.factories import make_admin, make_rater

EXPENSIVE = 3 * 2**20


def test_without_a_word_media_lie_in_a_folder():
    assert media_storage("")["BACKEND"].endswith("FileSystemStorage")


def test_an_address_says_bucket_folder_endpoint_and_region():
    options = media_storage("s3://my-media/atelier/a?endpoint=https://s3.example.org&region=eu-1")["OPTIONS"]
    assert options == {
        "bucket_name": "my-media",
        "location": "atelier/a",
        "endpoint_url": "https://s3.example.org",
        "region_name": "eu-1",
    }
    assert media_storage("s3://my-media")["OPTIONS"] == {"bucket_name": "my-media", "location": ""}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/srv/media", "begin with s3://"),
        ("s3://", "no name of a bucket"),
        ("s3://key:secret@bucket/a", "no name of a bucket"),
        ("s3://Bucket", "no name of a bucket"),
        ("s3://bucket?endpoint=s3.example.org", "no http or https address"),
        ("s3://bucket?endpoint=https://", "no http or https address"),
        ("s3://bucket?acl=public-read", "nothing else"),
        ("s3://bucket?region=a&region=b", "nothing else"),
    ],
)
def test_an_address_that_is_not_understood_stops_the_start_in_words(address: str, why: str):
    with pytest.raises(ImproperlyConfigured, match=why) as refused:
        media_storage(address)
    assert "It looks like s3://bucket/folder" in str(refused.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("annotation_site.media_storage.find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install -r requirements-s3\.txt"):
        media_storage("s3://bucket")


# --- On a server that speaks S3 ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server", reason="moto is in requirements-dev.txt")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_address: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """An empty bucket, and the site set up for it as `MEDIA_STORAGE` does."""
    import boto3

    for name, value in {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "only"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    made = boto3.resource("s3", endpoint_url=s3_address, region_name="us-east-1").Bucket(f"b-{abs(hash(tmp_path))}")
    made.create()
    address = f"s3://{made.name}/atelier?endpoint={s3_address}&region=us-east-1"
    settings.STORAGES = {**settings.STORAGES, "default": media_storage(address)}
    return made


@pytest.fixture
def fetched() -> Iterator[list[int]]:
    """How many bytes each GetObject brought."""
    lengths: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        lengths.append(parsed["ContentLength"])

    events = getattr(default_storage, "connection").meta.client.meta.events  # noqa: B009
    events.register("after-call.s3.GetObject", note)
    yield lengths
    events.unregister("after-call.s3.GetObject", note)


def keys(bucket: Any) -> set[str]:
    return {stored.key for stored in bucket.objects.all()}


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.django_db
def test_a_folder_is_imported_served_by_ranges_and_not_opened_to_anybody(
    bucket: Any, fetched: list[int], folder: Path, client: Client
):
    job = import_now(path=folder, now=NOON)
    assert (job.n_added, job.n_failed) == (3, 0)
    assert (Painting.objects.count(), Track.objects.count(), Clip.objects.count()) == (2, 1, 2)
    assert all(key.startswith(("atelier/originals/", "atelier/derived/")) for key in keys(bucket))
    original = Painting.objects.get(title="Night").original
    with default_storage.open(str(original)) as kept:
        assert kept.read() == (folder / "a.png").read_bytes()

    clip = Clip.objects.order_by("index")[0]
    assert clip.audio.url == f"/media/{clip.audio.name}"
    size = clip.audio.size
    assert client.get(clip.audio.url).status_code == 403, "a stranger"
    client.force_login(make_rater().user)
    assert client.get(original.url).status_code == 403, "originals are not for raters"
    fetched.clear()
    part = client.get(clip.audio.url, headers={"Range": "bytes=4-103"})
    whole = client.get(clip.audio.url)
    sound = body(whole)
    assert (part.status_code, whole.status_code, len(sound)) == (206, 200, size)
    assert body(part) == sound[4:104]
    assert part["Content-Range"] == f"bytes 4-103/{size}"
    assert sound[:4] == b"fLaC"
    assert fetched == [100, size], "no more was fetched than was asked for"
    assert client.get(f"/media/derived/cd/cd{'0' * 62}.flac").status_code == 404
    for key in keys(bucket):
        assert {grant["Grantee"]["Type"] for grant in bucket.Object(key).Acl().grants} == {"CanonicalUser"}


@pytest.mark.django_db
def test_the_first_bytes_of_a_large_original_cost_no_more_than_they_are(
    bucket: Any, fetched: list[int], client: Client
):
    name = f"originals/ab/{'ab' * 32}.mp3"
    default_storage.save(name, ContentFile(bytes(EXPENSIVE)))
    client.force_login(make_admin())
    answer = client.get(f"/media/{name}", headers={"Range": "bytes=0-9"})
    assert (body(answer), fetched) == (bytes(10), [10])
    assert client.head(f"/media/{name}")["Content-Length"] == str(EXPENSIVE)
    assert client.get(f"/media/{name}", headers={"Range": f"bytes={EXPENSIVE}-"}).status_code == 416
    assert fetched == [10]


@pytest.mark.django_db
def test_importing_again_stores_nothing_anew(bucket: Any, folder: Path):
    import_now(path=folder, now=NOON)
    before = {stored.key: stored.last_modified for stored in bucket.objects.all()}
    again = import_now(path=folder, now=NOON)
    assert (again.n_added, again.n_skipped) == (0, 3)
    assert {stored.key: stored.last_modified for stored in bucket.objects.all()} == before


@pytest.mark.django_db
def test_an_upload_goes_through_it_in_parts_and_is_gone_afterwards(bucket: Any, folder: Path, tmp_path: Path):
    upload = upload_begin(user=make_admin(), now=NOON)
    sent = {"a.png": (folder / "a.png").read_bytes(), "music/c.wav": (folder / "music" / "c.wav").read_bytes()}
    for file in files_add(upload=upload, files=[(name, len(data)) for name, data in sent.items()], now=NOON):
        data, at = sent[file.name], 0
        while at < len(data):
            at = part_put(file=file, offset=at, content=ContentFile(data[at : at + 200_000]), now=NOON)
    assert len(keys(bucket)) > 2, "parts"
    upload_assemble(upload=upload, folder=tmp_path / "joined")
    for name, data in sent.items():
        assert (tmp_path / "joined" / name).read_bytes() == data

    job = import_now(source=ImportJob.Source.UPLOAD, upload=upload, now=NOON)
    assert (job.n_added, job.n_failed) == (2, 0)
    assert upload_remove(upload=upload, now=NOON)
    assert not any(key.startswith("atelier/uploads/") for key in keys(bucket))
