"""Uploads: parts that stop and go on, names and limits, who may send, and what is swept away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from annotation_site.accounts.models import User
from annotation_site.corpus.models import ImportJob, Upload, UploadedFile
from annotation_site.corpus.parts import PREFIX
from annotation_site.corpus.tasks import sweep_uploads
from annotation_site.corpus.upload_errors import NameRefused, NoRoom, TooMuch, UploadError, UploadOver, WrongOffset
from annotation_site.corpus.upload_names import name_checked
from annotation_site.corpus.uploads import (
    PART_BYTES,
    files_add,
    part_put,
    upload_assemble,
    upload_begin,
    upload_remove,
    upload_settle,
    upload_unfinished,
    uploads_sweep,
)
from annotation_site.jobs.models import JobState
from tests.conftest import NOON
from tests.factories import make_admin, make_rater

pytestmark = pytest.mark.django_db

DATA = bytes(range(256)) * 40
UPLOADS = "/api/v1/uploads/"


@pytest.fixture
def ada(db: None) -> User:
    return make_admin("ada")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def upload(ada: User) -> Upload:
    return upload_begin(user=ada, now=NOON)


def announce(upload: Upload, name: str = "a/b.jpg", size: int = len(DATA)) -> UploadedFile:
    return files_add(upload=upload, files=[(name, size)], now=NOON)[0]


def put(file: UploadedFile, offset: int, data: bytes) -> int:
    return part_put(file=file, offset=offset, content=ContentFile(data), now=NOON)


def send(upload: Upload, name: str, data: bytes = DATA) -> UploadedFile:
    file = announce(upload, name, len(data))
    if data:
        put(file, 0, data)
    return file


def job_of(upload: Upload, state: JobState) -> ImportJob:
    return ImportJob.objects.create(source=ImportJob.Source.UPLOAD, upload=upload, state=state, created_at=NOON)


def stored() -> list[str]:
    """Every stored object of uploads."""
    root = Path(default_storage.path(PREFIX))
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_parts_become_the_file_again(upload: Upload, out: Path):
    file = announce(upload)
    for start in range(0, len(DATA), 3000):
        assert put(file, start, DATA[start : start + 3000]) == min(start + 3000, len(DATA))
    upload_assemble(upload=upload, folder=out)
    assert (out / "a/b.jpg").read_bytes() == DATA


def test_a_part_that_leaves_a_gap_is_told_where_to_go_on(upload: Upload):
    file = announce(upload)
    put(file, 0, DATA[:100])
    with pytest.raises(WrongOffset) as refused:
        put(file, 101, DATA[101:200])
    assert refused.value.received == 100
    assert put(file, 100, DATA[100:200]) == 200


def test_a_repeated_part_changes_nothing(upload: Upload, out: Path):
    file = announce(upload)
    put(file, 0, DATA[:100])
    put(file, 100, DATA[100:200])
    before = stored()
    assert put(file, 0, DATA[:100]) == 200
    assert put(file, 50, DATA[50:150]) == 200
    assert stored() == before


def test_parts_that_overlap_are_joined_without_repeating_a_byte(upload: Upload, out: Path):
    file = announce(upload)
    put(file, 0, DATA[:4000])
    UploadedFile.objects.update(
        received=1000
    )  # as if the answer to a first, shorter part had been the one that counted
    put(file, 1000, DATA[1000:])
    upload_assemble(upload=upload, folder=out)
    assert (out / "a/b.jpg").read_bytes() == DATA


def test_what_a_killed_process_left_of_a_part_is_written_anew(upload: Upload, out: Path):
    file = announce(upload)
    default_storage.save(f"{PREFIX}/{upload.key}/{file.pk}/0-{len(DATA)}", ContentFile(DATA[:10]))
    assert put(file, 0, DATA) == len(DATA)
    upload_assemble(upload=upload, folder=out)
    assert (out / "a/b.jpg").read_bytes() == DATA


def test_lost_bytes_are_said_so_and_not_papered_over(upload: Upload, out: Path):
    file = send(upload, "a.jpg")
    default_storage.delete(f"{PREFIX}/{upload.key}/{file.pk}/0-{len(DATA)}")
    with pytest.raises(UploadError, match=r"a\.jpg were lost"):
        upload_assemble(upload=upload, folder=out)


def test_a_file_that_has_not_come_whole_is_not_assembled_until_it_is_given_up(upload: Upload, out: Path):
    send(upload, "whole.jpg")
    put(announce(upload, "cut.jpg"), 0, DATA[:10])
    send(upload, "empty.jpg", b"")
    with pytest.raises(UploadError, match=r"cut\.jpg has not come whole"):
        upload_assemble(upload=upload, folder=out)
    assert upload_settle(upload=upload) == 1
    upload_assemble(upload=upload, folder=out)
    assert sorted(path.name for path in out.iterdir()) == ["empty.jpg", "whole.jpg"]


def test_bytes_beyond_the_announced_size_or_a_parts_size_are_refused(upload: Upload):
    with pytest.raises(TooMuch, match="end after them"):
        put(announce(upload), 1, DATA)
    with pytest.raises(TooMuch, match="at most"):
        put(announce(upload, "large.wav", 2**30), 0, bytes(PART_BYTES + 1))
    assert not default_storage.exists(PREFIX)


def test_a_full_disk_is_said_so(upload: Upload, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    file = announce(upload)
    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(NoRoom, match="no room"):
        put(file, 0, DATA)
    file.refresh_from_db()
    assert file.received == 0


LONG = "x" * 256, "é" * 128, "/".join(["long"] * 300)
BAD_NAMES = ["", "/etc/passwd", "../a", "a/../b", "a//b", "./a", "a/", "a\x00b", "a\\b", "a\nb", ".", "..", *LONG]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_not_plain_is_refused(upload: Upload, name: str):
    with pytest.raises(NameRefused):
        announce(upload, name)
    assert not UploadedFile.objects.exists()


@given(st.text(max_size=40))
def test_no_accepted_name_leaves_its_folder(name: str):
    root = Path("/somewhere/inside")
    try:
        accepted = name_checked(name)
    except NameRefused:
        return
    inside = (root / accepted).resolve()
    assert inside != root
    assert inside.is_relative_to(root)


def test_a_file_and_a_folder_of_one_name_are_refused_and_nothing_of_the_list_is_kept(upload: Upload):
    send(upload, "a/b.jpg")
    for clash in ("a", "a/b.jpg/c.jpg"):
        with pytest.raises(NameRefused, match="folder of the same name"):
            files_add(upload=upload, files=[("fine.jpg", 1), (clash, 1)], now=NOON)
    assert [file.name for file in upload.files.all()] == ["a/b.jpg"]


def test_announcing_again_finds_what_is_there(upload: Upload):
    file = announce(upload)
    put(file, 0, DATA[:100])
    again = announce(upload)
    assert (again.pk, again.received) == (file.pk, 100)
    with pytest.raises(NameRefused, match="Give one another name"):
        announce(upload, size=5)


@pytest.mark.parametrize(
    ("setting", "limit", "words"),
    [
        ("UPLOAD_MAX_FILES", 2, "than 2 files"),
        ("UPLOAD_MAX_BYTES", 25, "at a time"),
        ("UPLOAD_MAX_FILE_BYTES", 9, "c.jpg"),
    ],
)
def test_limits_count_what_is_there_already(upload: Upload, settings: Any, setting: str, limit: int, words: str):
    for name in ("a.jpg", "b.jpg"):
        announce(upload, name, 9)
    setattr(settings, setting, limit)
    with pytest.raises(TooMuch, match=words):
        announce(upload, "c.jpg", 10)
    assert upload.files.count() == 2


def test_nothing_more_comes_into_an_upload_that_is_imported_or_removed(upload: Upload):
    file = announce(upload)
    job = job_of(upload, JobState.RUNNING)
    with pytest.raises(UploadOver):
        put(file, 0, DATA)
    ImportJob.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    assert put(file, 0, DATA) == len(DATA)
    upload_remove(upload=upload, now=NOON)
    for attempt in (lambda: put(file, 0, DATA), lambda: announce(upload, "c.jpg")):
        with pytest.raises(UploadOver):
            attempt()


def test_a_removed_upload_leaves_no_object_and_cannot_be_assembled(upload: Upload, out: Path):
    send(upload, "a.jpg")
    assert stored()
    assert upload_remove(upload=upload, now=NOON)
    assert stored() == []
    assert upload_remove(upload=upload, now=NOON + timedelta(days=1))
    assert upload.removed_at == NOON
    with pytest.raises(UploadOver, match="Send them again"):
        upload_assemble(upload=upload, folder=out)


def test_an_upload_that_an_import_needs_is_not_removed(upload: Upload):
    send(upload, "a.jpg")
    job_of(upload, JobState.QUEUED)
    assert not upload_remove(upload=upload, now=NOON)
    assert stored()


def test_the_sweep_takes_what_was_imported_or_abandoned_and_nothing_else(ada: User):
    def make(days: int, *states: JobState) -> Upload:
        made = upload_begin(user=ada, now=NOON - timedelta(days=days))
        send(made, "a.jpg")
        Upload.objects.filter(pk=made.pk).update(touched_at=NOON - timedelta(days=days))
        for state in states:
            job_of(made, state)
        return made

    swept = [make(0, JobState.DONE), make(8), make(8, JobState.FAILED), make(0, JobState.FAILED, JobState.DONE)]
    kept = [make(6), make(0, JobState.FAILED), make(9, JobState.RUNNING), make(0, JobState.DONE, JobState.QUEUED)]
    assert uploads_sweep(now=NOON) == len(swept)
    assert set(Upload.objects.exclude(removed_at=None)) == set(swept)
    assert {name.split("/")[0] for name in stored()} == {str(one.key) for one in kept}
    assert uploads_sweep(now=NOON) == 0


def test_the_sweep_takes_leftovers_of_a_removal_that_was_killed(upload: Upload):
    send(upload, "a.jpg")
    Upload.objects.update(removed_at=NOON)
    default_storage.save(f"{PREFIX}/{uuid4()}/1/0-5", ContentFile(b"12345"))
    default_storage.save(f"{PREFIX}/not ours", ContentFile(b"12345"))
    sweep_uploads()
    assert stored() == ["not ours"]


def test_what_a_person_has_not_finished_is_offered_to_that_person_only(upload: Upload, ada: User):
    assert upload_unfinished(user=ada) is None, "nothing was announced"
    announce(upload)
    assert upload_unfinished(user=ada) == upload
    assert upload_unfinished(user=make_admin()) is None
    job_of(upload, JobState.FAILED)
    assert upload_unfinished(user=ada) is None


# --- The API -----------------------------------------------------------------------------------------------------


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    def logged_in(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def api(ada: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(ada)


def put_raw(client: APIClient, address: str, data: bytes, **headers: Any) -> Any:
    return client.put(address, data, content_type="application/octet-stream", **headers)


def test_a_script_sends_a_file_in_parts_and_goes_on_after_a_cut(api: APIClient, out: Path):
    key = api.post(UPLOADS).json()["key"]
    file = api.post(f"{UPLOADS}{key}/files/", {"name": "a.jpg", "size": len(DATA)}, format="json")
    assert (file.status_code, file.json()["received"]) == (201, 0)
    address = f"{UPLOADS}{key}/files/{file.json()['id']}/"
    assert put_raw(api, f"{address}?offset=0", DATA[:5000]).json() == {"received": 5000}
    refused = put_raw(api, f"{address}?offset=6000", DATA[6000:])
    assert (refused.status_code, refused.json()["code"], refused.json()["received"]) == (409, "wrong_offset", 5000)
    there = api.get(f"{UPLOADS}{key}/").json()["files"]
    assert [(one["name"], one["received"]) for one in there] == [("a.jpg", 5000)]
    assert put_raw(api, f"{address}?offset=5000", DATA[5000:]).json() == {"received": len(DATA)}
    upload_assemble(upload=Upload.objects.get(), folder=out)
    assert (out / "a.jpg").read_bytes() == DATA


def test_many_files_are_announced_at_once_and_answered_in_order(api: APIClient):
    key = api.post(UPLOADS).json()["key"]
    names = [f"{n}.jpg" for n in range(20, 0, -1)]
    answer = api.post(f"{UPLOADS}{key}/files/", [{"name": name, "size": 1} for name in names], format="json")
    assert [one["name"] for one in answer.json()] == names
    assert all(one["id"] for one in answer.json())
    refused = api.post(f"{UPLOADS}{key}/files/", [{"name": "x", "size": 1}] * 1001, format="json")
    assert refused.status_code == 400


def test_bodies_that_are_wrong_are_refused_in_words(api: APIClient, settings: Any):
    key = api.post(UPLOADS).json()["key"]
    files = f"{UPLOADS}{key}/files/"
    bodies: tuple[Any, ...] = (
        {"name": "a"},
        {"size": 3},
        {"name": "a", "size": -1},
        {"name": "../a", "size": 1},
        {"name": "a\x00", "size": 1},
        [],
    )
    for body in bodies:
        answer = api.post(files, body, format="json")
        assert (answer.status_code, bool(body)) in ((400, True), (201, False)), body
    settings.UPLOAD_MAX_FILE_BYTES = 10
    assert api.post(files, {"name": "a", "size": 11}, format="json").status_code == 413
    address = f"{files}{api.post(files, {'name': 'a', 'size': 9}, format='json').json()['id']}/"
    assert put_raw(api, address, b"12").status_code == 400
    assert put_raw(api, f"{address}?offset=-1", b"12").status_code == 400
    assert put_raw(api, f"{address}?offset=0", b"").status_code == 413
    assert put_raw(api, f"{address}?offset=0", b"1234567890").status_code == 413
    cut = put_raw(api, f"{address}?offset=0", b"12", CONTENT_LENGTH="5", **{"wsgi.input": BytesIO(b"12")})
    assert (cut.status_code, cut.json()["code"]) == (400, "part_cut")
    assert put_raw(api, f"{files}999/?offset=0", b"12").status_code == 404


def test_a_part_may_be_larger_than_a_form(api: APIClient, settings: Any):
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 100
    key = api.post(UPLOADS).json()["key"]
    file = api.post(f"{UPLOADS}{key}/files/", {"name": "a.wav", "size": size}, format="json").json()
    assert put_raw(api, f"{UPLOADS}{key}/files/{file['id']}/?offset=0", bytes(size)).json() == {"received": size}


def test_only_the_admin_who_began_may_see_send_or_remove(
    upload: Upload, client_of: Callable[[User], APIClient], api: APIClient
):
    file = announce(upload)
    address = f"{UPLOADS}{upload.key}/"
    people = {
        "another admin": (client_of(make_admin()), {404}),
        "a rater": (client_of(make_rater().user), {403}),
        "a stranger": (APIClient(), {401}),
    }
    for who, (client, refused) in people.items():
        answers = {
            client.get(address).status_code,
            client.post(f"{address}files/", {"name": "x.jpg", "size": 1}, format="json").status_code,
            put_raw(client, f"{address}files/{file.pk}/?offset=0", DATA).status_code,
            client.delete(address).status_code,
        }
        assert answers == refused, who
    assert client_of(make_rater().user).post(UPLOADS).status_code == 403
    assert APIClient().post(UPLOADS).status_code == 401
    upload.refresh_from_db()
    file.refresh_from_db()
    assert (upload.removed_at, file.received, upload.files.count()) == (None, 0, 1)


def test_a_file_of_one_upload_is_not_reached_through_another(ada: User, upload: Upload, api: APIClient):
    file, other = announce(upload), upload_begin(user=ada, now=NOON)
    assert put_raw(api, f"{UPLOADS}{other.key}/files/{file.pk}/?offset=0", DATA).status_code == 404


def test_a_page_sends_only_with_the_sites_own_secret(ada: User):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(UPLOADS).status_code == 403
    client.get("/admin/corpus/importjob/add/")
    secret = client.cookies["csrftoken"].value
    assert client.post(UPLOADS, headers={"X-CSRFToken": secret}).status_code == 201


def test_an_upload_is_thrown_away_unless_an_import_needs_it(api: APIClient, upload: Upload):
    send(upload, "a.jpg")
    job = job_of(upload, JobState.RUNNING)
    assert api.delete(f"{UPLOADS}{upload.key}/").status_code == 409
    ImportJob.objects.filter(pk=job.pk).update(state=JobState.CANCELLED)
    assert api.delete(f"{UPLOADS}{upload.key}/").status_code == 204
    assert stored() == []
