"""A model version as one file: a zip, stored, the same bytes each time. What comes back in is believed in nothing.

It holds the sealed checkpoint, the run's config and report, and a line for people. Reading it runs no code of it and
loads no torch: names are compared with the five that there may be, sizes are bounded before anything is written, the
seal must vouch for the weights, the config must be one of ours, and the tensors must lie as safetensors lays them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from annotation_site.accounts.models import User
from annotation_site.training import artefacts
from annotation_site.training.models import ModelVersion, VersionSource
from annotation_site.training.sealed import NotAModel, require_report, require_weights, seal_of
from annotation_site.training.services import next_number, once_of_many
from annotation_site.training.versions import digest_of_seal, facts_of_report, folder_name
from model.files import CONFIG_NAME, REPORT_NAME, SEAL_NAME, WEIGHTS_NAME
from mpd_builder.ingest import Rejected, SourceError
from mpd_builder.ingest.sources.zips.directory import Archive, Entry
from mpd_builder.ingest.sources.zips.members import unpacked

README_NAME = "README.txt"
NAMES = (README_NAME, SEAL_NAME, CONFIG_NAME, REPORT_NAME, WEIGHTS_NAME)
README = "A trained MPJudge model of MPD Atelier. Bring it in with: python manage.py import_version FILE\n"

_SMALL = 32 * 2**20
"""The most bytes of anything but the weights."""
_DATE_1980 = (1980, 1, 1, 0, 0, 0)
_PIECE = 1 << 20


class VersionFileError(Exception):
    """A version cannot be written to a file, or a file is none of a version; the text says why in words."""


def file_name(version: ModelVersion) -> str:
    return f"mpjudge-v{version.number}.zip"


def version_export(*, version: ModelVersion) -> IO[bytes]:
    """The version as an open temporary file, at its start; whoever closes it removes it. The same bytes each time.

    Raises `VersionFileError` where its files are missing or damaged, `StorageUnreachable`.
    """
    name = folder_name(version)
    Path(settings.RUNS_ROOT).mkdir(parents=True, exist_ok=True)
    written = tempfile.TemporaryFile(dir=settings.RUNS_ROOT)  # noqa: SIM115 - the caller closes it
    try:
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
            _add(archive, README_NAME, README.encode())
            for file in (SEAL_NAME, CONFIG_NAME, REPORT_NAME):
                with artefacts.open_file(name, file) as stored:
                    _add(archive, file, stored.read())
            found = _add_weights(archive, name)
        with artefacts.open_file(name, SEAL_NAME) as stored:
            seal = seal_of(stored.read())
        if found != seal["sha256"]:
            raise VersionFileError(f"The weights of {version} are not those that were sealed: they were changed.")
    except FileNotFoundError as error:
        written.close()
        raise VersionFileError(f"{version} cannot be written to a file: some of its files are missing.") from error
    except NotAModel as error:
        written.close()
        raise VersionFileError(f"{version} cannot be written to a file: {error}") from error
    except BaseException:
        written.close()
        raise
    written.seek(0)
    return written


def version_import(*, file: IO[bytes], note: str, user: User | None, now: datetime) -> ModelVersion:
    """Make a version of a file that `version_export` wrote, here or elsewhere. It is not active until somebody says so.

    The same model again gives the version that there is, also where that is a run of this site. Raises
    `VersionFileError` in words for anything else than such a file.
    """
    root = Path(settings.RUNS_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=root) as scratch:
        folder = Path(scratch) / "version"
        try:
            with _copied(file, root) as copy:
                _unpack(Archive(copy.fileno()), folder)
            report = _checked(folder)
        except (SourceError, Rejected, NotAModel) as error:
            raise VersionFileError(f"This is not a model version of MPD Atelier: {error}") from error
        digest = digest_of_seal((folder / SEAL_NAME).read_bytes())
        known = _known(digest)
        if known is not None:
            return known
        name = f"version-{digest[:16]}"
        _move(folder, root / name)
    artefacts.send(name, artefacts.CHECKPOINT_NAMES)

    def keep() -> ModelVersion:
        return _known(digest) or ModelVersion.objects.create(
            source=VersionSource.IMPORT,
            number=next_number(),
            note=note,
            promoted_by=user,
            promoted_at=now,
            folder=name,
            file_digest=digest,
            **facts_of_report(report),
        )

    return once_of_many(keep)


def _known(digest: str) -> ModelVersion | None:
    return ModelVersion.objects.filter(file_digest=digest).order_by("number").first()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_entry(name), content)


def _add_weights(archive: zipfile.ZipFile, name: str) -> str:
    """Copy the weights into the archive in pieces; returns their SHA-256."""
    digest = hashlib.sha256()
    with (
        artefacts.open_file(name, WEIGHTS_NAME) as stored,
        archive.open(_entry(WEIGHTS_NAME), "w", force_zip64=True) as out,
    ):
        while piece := stored.read(_PIECE):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_DATE_1980)
    entry.create_system, entry.external_attr, entry.compress_type = 3, 0o100644 << 16, zipfile.ZIP_STORED
    return entry


@contextmanager
def _copied(file: IO[bytes], root: Path) -> Iterator[IO[bytes]]:
    """The file on our own disk, where nobody changes it while it is read. Refuses more than `VERSION_MAX_MB`."""
    most = settings.VERSION_MAX_MB * 2**20
    with closing(tempfile.TemporaryFile(dir=root)) as copy:
        while piece := file.read(_PIECE):
            if copy.tell() + len(piece) > most:
                raise NotAModel(f"it is larger than {settings.VERSION_MAX_MB:,} MB (VERSION_MAX_MB).")
            copy.write(piece)
        copy.flush()
        yield copy


def _unpack(archive: Archive, folder: Path) -> None:
    """Write the five members into `folder`, each under our own name for it."""
    members: dict[str, Entry] = {}
    for entry in archive.entries():
        if entry.name not in NAMES or entry.name in members:
            raise NotAModel(f"there is something in it that is no part of one: {entry.name[:80]!r}.")
        if entry.method != zipfile.ZIP_STORED or entry.is_encrypted or entry.packed != entry.size:
            raise NotAModel(f"{entry.name} is packed or locked; it must be stored as it is.")
        if entry.name != WEIGHTS_NAME and entry.size > _SMALL:
            raise NotAModel(f"{entry.name} is larger than {_SMALL // 2**20} MB.")
        members[entry.name] = entry
    if missing := [name for name in NAMES if name not in members]:
        raise NotAModel(
            f"{' and '.join(missing)} is missing." if len(missing) == 1 else f"{', '.join(missing)} are missing."
        )
    if sum(entry.size for entry in members.values()) > archive.size:
        raise NotAModel("its members overlap, which no honest file does.")
    folder.mkdir()
    for name, entry in members.items():
        with (folder / name).open("xb") as out:
            for piece in unpacked(archive, entry):
                out.write(piece)


def _checked(folder: Path) -> dict[str, Any]:
    """The report of an unpacked version whose parts all belong together. Raises `NotAModel`."""
    seal = seal_of((folder / SEAL_NAME).read_bytes())
    require_weights(folder / WEIGHTS_NAME, seal)
    try:
        config = json.loads((folder / CONFIG_NAME).read_bytes())
    except ValueError:
        raise NotAModel(f"{CONFIG_NAME} is not JSON.") from None
    if config != seal["config"]:
        raise NotAModel(f"{CONFIG_NAME} is not the config of the sealed checkpoint.")
    return require_report((folder / REPORT_NAME).read_bytes(), seal)


def _move(folder: Path, place: Path) -> None:
    """Put an unpacked version in its place, which is named for what is in it."""
    try:
        folder.rename(place)
    except OSError:
        if not (place / SEAL_NAME).exists():  # else the same came in before, or this very moment
            raise
