"""A run's files: in place by default, in a storage by setting, on whichever machine asks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.services import JobLost
from annotation_site.media_storage import runs_storage
from annotation_site.training import artefacts
from annotation_site.training.artefacts import StorageUnreachable, Upload, log_tail_of, read_events_of
from annotation_site.training.models import TrainingRun
from annotation_site.training.portable import version_export, version_import
from annotation_site.training.services import run_folder, version_promote
from annotation_site.training.versions import CheckpointMissing, checkpoint_folder
from model import checkpoints
from tests.conftest import NOON
from tests.factories import make_admin
from tests.training.fabricated import make_done_run
from tests.training.models import finished_run
from tests.training.processes import wait_until
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> TrainingRun:
    return finished_run()


def another_machine(run: TrainingRun) -> None:
    """The same site where the run's folder is not."""
    shutil.rmtree(run_folder(run))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_by_default_nothing_is_copied_and_the_folder_is_read(run: TrainingRun):
    version = version_promote(run=run, note="", user=None, now=NOON)
    before = names(run_folder(run))
    with Upload(run.folder):
        assert artefacts.fetch(run.folder) == run_folder(run) == checkpoint_folder(version)
    assert names(run_folder(run)) == before
    assert read_events_of(run) == [{"event": "end", "step": 12}]
    assert log_tail_of(run, lines=3) == ""
    (run_folder(run) / "log.txt").write_text("one\ntwo\nthree\n")
    assert log_tail_of(run, lines=2) == "two\nthree"
    assert {file.name for file in artefacts.files_of(run.folder)} == before | {"log.txt"}


def test_a_page_shows_a_run_whose_folder_is_on_another_machine(elsewhere: Path, client: Client):
    run = make_done_run(make_snapshot())
    artefacts.send(run.folder)
    another_machine(run)
    client.force_login(make_admin())
    page = client.get(reverse("admin:training_trainingrun_change", args=[run.pk])).content.decode()
    for words in ("chart-line", "events.jsonl", "Where the music was at work"):
        assert words in page, words
    picture = client.get(reverse("admin:training_trainingrun_map", args=[run.pk, "example-00.png"]))
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_what_a_run_leaves_is_read_and_fetched_on_another_machine(elsewhere: Path, run: TrainingRun):
    (run_folder(run) / "log.txt").write_text("trained\n")
    with Upload(run.folder):
        pass
    another_machine(run)
    assert read_events_of(run) == [{"event": "end", "step": 12}]
    assert log_tail_of(run, lines=3) == "trained"
    sizes = {file.name: file.size for file in artefacts.files_of(run.folder)}
    assert sizes["log.txt"] == 8
    version = version_promote(run=run, note="", user=None, now=NOON)
    folder = checkpoint_folder(version)
    assert checkpoints.load(folder).step == 12
    assert names(folder) == {"checkpoint.safetensors", "checkpoint.json", "config.json", "report.json"}
    shutil.rmtree(elsewhere)
    assert checkpoint_folder(version) == folder, "once it is here it is not asked for again"
    another_machine(run)
    with pytest.raises(CheckpointMissing, match="is not in the storage"):
        checkpoint_folder(version)


def test_a_run_goes_on_from_what_the_storage_has(elsewhere: Path, run: TrainingRun):
    folder = run_folder(run)
    for path in folder.iterdir():
        path.unlink()
    (folder / "state.safetensors").write_bytes(b"step 8")
    (folder / "events.jsonl").write_text('{"event": "checkpoint", "step": 8}\n')
    artefacts.send(run.folder)
    (folder / "state.safetensors").write_bytes(b"step 4, of an attempt before")
    artefacts.fetch(run.folder)
    assert (folder / "state.safetensors").read_bytes() == b"step 8"
    assert not [name for name in names(folder) if name.endswith(".partial")]


def test_a_finished_run_leaves_no_state_in_the_storage(elsewhere: Path, run: TrainingRun):
    folder = run_folder(run)
    seal = folder / "checkpoint.json"
    seal.rename(folder / "aside")
    (folder / "state.safetensors").write_bytes(b"step 8")
    with Upload(run.folder) as upload:
        upload.send()
        assert (elsewhere / run.folder / "state.safetensors").exists()
        (folder / "aside").rename(seal)
        (folder / "state.safetensors").unlink()
    assert names(elsewhere / run.folder) == names(folder)


def test_what_changes_is_sent_while_the_run_goes_on_and_only_that(elsewhere: Path, run: TrainingRun, monkeypatch):
    monkeypatch.setattr(artefacts, "EVERY", timedelta(milliseconds=20))
    stored = elsewhere / run.folder
    saved: list[str] = []
    storage = artefacts.storages["runs"]
    save = type(storage).save
    monkeypatch.setattr(
        type(storage), "save", lambda self, name, *rest: (saved.append(name), save(self, name, *rest))[1]
    )
    with Upload(run.folder):
        wait_until(lambda: (stored / "checkpoint.json").exists())
        saved.clear()
        with (run_folder(run) / "events.jsonl").open("a") as events:
            events.write('{"event": "late"}\n')
        wait_until(lambda: (stored / "events.jsonl").exists() and "late" in (stored / "events.jsonl").read_text())
    assert saved == [f"{run.folder}/events.jsonl"]


def test_a_lost_run_sends_nothing_more(elsewhere: Path, run: TrainingRun):
    with pytest.raises(JobLost), Upload(run.folder):
        raise JobLost
    assert not elsewhere.exists()


def test_a_storage_that_does_not_answer_is_told_in_words(elsewhere: Path, run: TrainingRun, caplog):
    elsewhere.write_text("a file where the folder should be")
    with pytest.raises(StorageUnreachable, match="RUNS_STORAGE"), Upload(run.folder):
        pass
    with pytest.raises(ZeroDivisionError), Upload(run.folder):
        raise ZeroDivisionError
    assert "could not be stored" in caplog.text
    assert read_events_of(run) == []


def test_only_files_of_runs_are_opened(run: TrainingRun):
    (run_folder(run) / "secret").write_text("x")
    for name in ("secret", "../../db.sqlite3"):
        with pytest.raises(FileNotFoundError):
            artefacts.open_file(run.folder, name)


def test_a_version_brought_in_lies_in_the_storage_too(elsewhere: Path, run: TrainingRun):
    version = version_promote(run=run, note="", user=None, now=NOON)
    artefacts.send(run.folder)
    with version_export(version=version) as file:
        version.delete()
        run.delete()
        back = version_import(file=file, note="", user=None, now=NOON)
    shutil.rmtree(artefacts.folder_of(back.folder))
    assert checkpoints.load(checkpoint_folder(back)).step == 12


# --- On a server that speaks S3 ----------------------------------------------------------------------------------


@pytest.fixture
def bucket(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    boto3 = pytest.importorskip("boto3", reason="requirements-s3.txt has it")
    moto_server = pytest.importorskip("moto.server", reason="moto is in requirements-dev.txt")
    for name, value in {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "only"}.items():
        monkeypatch.setenv(name, value)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = boto3.resource("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").Bucket("runs")
    made.create()
    settings.RUNS_STORAGE = f"s3://runs/atelier?endpoint=http://{host}:{port}&region=us-east-1"
    settings.STORAGES = settings.STORAGES | {"runs": runs_storage(settings.RUNS_STORAGE, folder=Path("unused"))}
    yield made
    server.stop()


def test_runs_lie_in_a_bucket_by_setting(bucket: Any, run: TrainingRun, settings):
    with Upload(run.folder):
        pass
    assert {stored.key for stored in bucket.objects.all()} == {
        f"atelier/{run.folder}/{name}"
        for name in ("checkpoint.json", "checkpoint.safetensors", "config.json", "events.jsonl", "report.json")
    }
    report = json.loads((run_folder(run) / "report.json").read_text())
    another_machine(run)
    assert read_events_of(run) == [{"event": "end", "step": 12}]
    assert log_tail_of(run, lines=5) == ""
    folder = artefacts.fetch(run.folder)
    assert json.loads((folder / "report.json").read_text()) == report
    assert checkpoints.load(folder).step == 12
    bucket.objects.all().delete()
    bucket.delete()
    with pytest.raises(StorageUnreachable, match="RUNS_STORAGE"):
        artefacts.send(run.folder)
