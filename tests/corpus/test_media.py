"""Stored media: who may fetch what, and how browsers ask."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from annotation_site.corpus.models import Clip
from tests.factories import make_admin, make_clip, make_rater, make_user

pytestmark = pytest.mark.django_db

HASH = "ab" + "0" * 62
SOUND = bytes(range(256)) * 40
AUDIO, PICTURE, ARRAY = (f"derived/ab/{HASH}.{suffix}" for suffix in ("flac", "jpg", "npy"))
ORIGINAL = f"originals/ab/{HASH}.mp3"


@pytest.fixture(autouse=True)
def stored() -> None:
    for name in (AUDIO, PICTURE, ARRAY, ORIGINAL, "secret.txt"):
        default_storage.save(name, ContentFile(SOUND))


@pytest.fixture
def rater(client: Client) -> Client:
    client.force_login(make_rater().user)
    return client


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_rater_gets_pictures_and_clips_whole_and_for_ever(rater: Client):
    for name, content_type in ((AUDIO, "audio/flac"), (PICTURE, "image/jpeg")):
        response = rater.get(f"/media/{name}")
        assert (response.status_code, body(response), response["Content-Type"]) == (200, SOUND, content_type)
        assert response["Content-Length"] == str(len(SOUND))
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response["Accept-Ranges"] == "bytes"
        assert response["X-Content-Type-Options"] == "nosniff"


def test_a_stranger_gets_nothing(client: Client):
    for name in (AUDIO, PICTURE, ARRAY, ORIGINAL, "nothing"):
        assert client.get(f"/media/{name}").status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        ARRAY,
        ORIGINAL,
        "secret.txt",
        "derived/../secret.txt",
        "derived/ab/%2e%2e/%2e%2e/secret.txt",
        "derived//etc/passwd",
        f"derived/ab/{HASH}.flac/",
        f"derived/ab/{HASH.upper()}.flac",
    ],
)
def test_a_rater_gets_nothing_else(rater: Client, name: str):
    assert rater.get(f"/media/{name}").status_code == 403


def test_an_admin_gets_originals_and_inputs_too_but_nothing_outside_the_store(admin: Client):
    for name in (AUDIO, ARRAY, ORIGINAL):
        response = admin.get(f"/media/{name}")
        assert (response.status_code, body(response)) == (200, SOUND)
    assert admin.get("/media/secret.txt").status_code == 403


def test_a_name_that_is_not_stored_is_not_found(rater: Client):
    assert rater.get(f"/media/derived/cd/cd{'0' * 62}.flac").status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, 10_240),
        ("bytes=0-99", 0, 100),
        ("bytes=10000-", 10_000, 10_240),
        ("bytes=10000-99999", 10_000, 10_240),
        ("bytes=-40", 10_200, 10_240),
        ("bytes=-99999", 0, 10_240),
    ],
)
def test_a_range_is_answered_with_that_range(rater: Client, asked: str, start: int, stop: int):
    response = rater.get(f"/media/{AUDIO}", headers={"Range": asked})
    assert (response.status_code, body(response)) == (206, SOUND[start:stop])
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/10240"
    assert response["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=9-3", "bytes=-0"])
def test_a_range_outside_the_file_is_416(rater: Client, asked: str):
    response = rater.get(f"/media/{AUDIO}", headers={"Range": asked})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10240")


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", f"bytes={'9' * 5000}-"])
def test_a_range_that_is_not_understood_gets_the_whole_file(rater: Client, asked: str):
    response = rater.get(f"/media/{AUDIO}", headers={"Range": asked})
    assert (response.status_code, body(response)) == (200, SOUND)


def test_a_browser_that_has_it_is_told_so(rater: Client):
    first = rater.get(f"/media/{AUDIO}")
    assert body(first) == SOUND
    response = rater.get(f"/media/{AUDIO}", headers={"If-None-Match": first["ETag"]})
    assert (response.status_code, response.content) == (304, b"")
    resumed = rater.get(f"/media/{AUDIO}", headers={"Range": "bytes=5-9", "If-Range": '"another"'})
    assert (resumed.status_code, body(resumed)) == (200, SOUND)


def test_only_reading_is_possible(rater: Client):
    asked = rater.head(f"/media/{AUDIO}")
    assert (asked["Content-Length"], body(asked)) == (str(len(SOUND)), b"")
    for method in (rater.post, rater.put, rater.delete):
        assert method(f"/media/{AUDIO}").status_code == 405


def test_whoever_may_not_log_in_any_more_gets_nothing(rater: Client):
    user = make_user("gone", is_active=False)
    rater.force_login(user)
    assert rater.get(f"/media/{AUDIO}").status_code == 403


def test_the_address_of_a_stored_file_is_the_one_that_is_served(rater: Client):
    clip = make_clip()
    Clip.objects.filter(pk=clip.pk).update(audio=AUDIO)
    clip.refresh_from_db()
    assert body(rater.get(clip.audio.url)) == SOUND
