"""A model version as one file: the same bytes, the same model, and nothing of a hostile one gets in."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.portable import NAMES, VersionFileError, version_export, version_import
from annotation_site.training.sealed import NotAModel, require_weights
from annotation_site.training.services import run_folder, version_activate, version_promote
from annotation_site.training.versions import checkpoint_folder
from model import checkpoints
from tests.conftest import NOON
from tests.factories import make_admin
from tests.model.factories import BANDS, FRAMES, SIZE
from tests.training.models import finished_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ModelVersion:
    return version_promote(run=finished_run(), note="the first", user=None, now=NOON)


@pytest.fixture
def exported(version: ModelVersion) -> bytes:
    with version_export(version=version) as file:
        return file.read()


def forget(version: ModelVersion) -> None:
    """As on a site that never had it."""
    run = version.run
    version.delete()
    TrainingRun.objects.filter(pk=run.pk if run else None).delete()


def bring(content: bytes, *, note: str = "") -> ModelVersion:
    return version_import(file=io.BytesIO(content), note=note, user=None, now=NOON)


def scores(folder: Path) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    painting, mel = (
        torch.rand(2, 3, SIZE, SIZE, generator=generator),
        torch.randn(2, 1, BANDS, FRAMES, generator=generator),
    )
    return checkpoints.load(folder).module(painting, mel)


def test_the_same_version_is_the_same_bytes_and_plain_files(version: ModelVersion, exported: bytes):
    with version_export(version=version) as again:
        assert again.read() == exported
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        assert sorted(archive.namelist()) == sorted(NAMES)
        assert archive.testzip() is None


def test_what_comes_back_scores_as_what_went_out_and_goes_out_as_the_same_bytes(version: ModelVersion, exported: bytes):
    before = scores(checkpoint_folder(version))
    metrics, identity = version.metrics, version.identity
    forget(version)
    admin = make_admin()
    back = version_import(file=io.BytesIO(exported), note="from a colleague", user=admin, now=NOON)
    assert (back.source, back.run, back.is_active, back.note) == ("import", None, False, "from a colleague")
    assert (back.metrics, back.identity) == (metrics, identity)
    assert back.identity["recipe"] == "tiny"
    assert torch.equal(scores(checkpoint_folder(back)), before)
    with version_export(version=back) as file:
        assert file.read() == exported
    assert version_activate(version=back, note="", user=admin, now=NOON).is_active


def test_the_same_file_twice_is_one_version(version: ModelVersion, exported: bytes):
    assert bring(exported) == version, "a run of this site"
    forget(version)
    assert bring(exported) == bring(exported)
    assert ModelVersion.objects.count() == 1


def test_nothing_is_left_of_a_refused_file(version: ModelVersion, exported: bytes):
    forget(version)
    before = sorted(Path(settings.RUNS_ROOT).iterdir())
    with pytest.raises(VersionFileError):
        bring(exported[:-40])
    assert sorted(Path(settings.RUNS_ROOT).iterdir()) == before


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_json(name: str, **changes: object) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def change(parts: dict[str, bytes]) -> dict[str, bytes]:
        return parts | {name: json.dumps(json.loads(parts[name]) | changes).encode()}

    return change


HOSTILE = {
    "a path that leads out": (lambda parts: parts | {"../../evil.py": b"print()"}, "no part of one"),
    "a file too many": (lambda parts: parts | {"model.pkl": b"\x80\x04."}, "no part of one"),
    "a part too few": (lambda parts: {name: parts[name] for name in NAMES[:-1]}, "checkpoint.safetensors is missing"),
    "other weights": (
        lambda parts: parts | {"checkpoint.safetensors": parts["checkpoint.safetensors"][:-4]},
        "vouches",
    ),
    "a seal that is none": (lambda parts: parts | {"checkpoint.json": b"[]"}, "checkpoint.json is not an object"),
    "deep nesting": (lambda parts: parts | {"checkpoint.json": b"[" * 100_000}, "checkpoint.json is not JSON"),
    "a format to come": (with_json("checkpoint.json", format=9), "has the format 9"),
    "a setting to come": (with_json("checkpoint.json", config={"speed": 1}), "does not know"),
    "a seal without a seed": (with_json("checkpoint.json", seed="7"), "does not say its seed"),
    "another config": (with_json("config.json", recipe="best"), "not the config of the sealed"),
    "another's report": (with_json("report.json", seed=99), "report of another run"),
    "a report that no database keeps": (
        lambda parts: parts | {"report.json": b'{"a": NaN}'},
        "report.json is not JSON",
    ),
    "an infinite report": (lambda parts: parts | {"report.json": b'{"a": 1e999}'}, "report.json is not JSON"),
    "a zero byte": (lambda parts: parts | {"report.json": b'{"a": "\\u0000"}'}, "plain JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_not_what_it_should_be_is_refused_in_words(version: ModelVersion, exported: bytes, name: str):
    forget(version)
    change, words = HOSTILE[name]
    with pytest.raises(VersionFileError, match=words):
        bring(packed(change(members(exported))))
    assert not ModelVersion.objects.exists()


def test_a_file_that_grows_when_unpacked_is_refused(version: ModelVersion, exported: bytes):
    forget(version)
    with pytest.raises(VersionFileError, match="must be stored as it is"):
        bring(packed(members(exported), method=zipfile.ZIP_DEFLATED))


def test_what_is_no_zip_and_what_is_too_large_is_refused(version: ModelVersion, exported: bytes, settings):
    with pytest.raises(VersionFileError, match="not a model version of MPD Atelier"):
        bring(b"PK\x03\x04 and nothing more")
    settings.VERSION_MAX_MB = 0
    with pytest.raises(VersionFileError, match="VERSION_MAX_MB"):
        bring(exported)


def tensors(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


F = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a safetensors file"),
        (struct.pack("<Q", 2**60) + b"{}", "not a safetensors file"),
        (tensors([]), "not an object"),
        (tensors({"evil": F}, bytes(8)), "no part of a model"),
        (tensors({"weights.a": F}, bytes(9)), "not laid out"),
        (tensors({"weights.a": F, "weights.b": F}, bytes(8)), "not laid out"),
        (tensors({}), "not laid out"),
        (tensors({"weights.a": F | {"shape": [3]}}, bytes(8)), "wrongly"),
        (tensors({"weights.a": F | {"shape": [-2]}}, bytes(8)), "wrongly"),
        (tensors({"weights.a": F | {"shape": [10**4000] * 99}}, bytes(8)), "wrongly"),
        (tensors({"weights.a": F | {"dtype": ["F32"]}}, bytes(8)), "wrongly"),
        (tensors({"weights.a": "F32"}, bytes(8)), "wrongly"),
    ],
)
def test_weights_that_are_not_tensors_of_a_model_are_refused(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(NotAModel, match=words):
        require_weights(path, {"sha256": hashlib.sha256(content).hexdigest()})


def test_changed_weights_do_not_go_out(version: ModelVersion):
    assert version.run is not None
    path = run_folder(version.run) / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(VersionFileError, match="not those that were sealed"):
        version_export(version=version)
    path.unlink()
    with pytest.raises(VersionFileError, match="files are missing"):
        version_export(version=version)


def test_the_commands_write_and_read_the_file(version: ModelVersion, tmp_path: Path):
    out = tmp_path / "model.zip"
    said = io.StringIO()
    call_command("export_version", out=out, stdout=said)
    call_command("export_version", "1", out=out, stdout=said)
    forget(version)
    call_command("import_version", str(out), note="back", activate=True, stdout=said)
    assert "MPJudge v1 is here and active." in said.getvalue()
    assert ModelVersion.objects.get().note == "back"
    with pytest.raises(CommandError, match="no version 7"):
        call_command("export_version", "7", out=out)
    (tmp_path / "other.zip").write_bytes(b"no")
    with pytest.raises(CommandError, match="not a model version"), transaction.atomic():
        call_command("import_version", str(tmp_path / "other.zip"))
