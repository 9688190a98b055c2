"""The files of runs and model versions, wherever they are kept (`RUNS_STORAGE`).

Without the setting a run's folder below `RUNS_ROOT` is where its files stay, and nothing is ever copied. With it that
folder is one machine's working copy: what is in the storage is the truth, fetched before a start, sent as it changes.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import JobLost
from annotation_site.training.keeper import LOG_NAME
from annotation_site.training.models import TrainingRun
from model.events import parse_events
from model.failures import is_disk_full
from model.files import (
    CONFIG_NAME,
    EVENTS_NAME,
    EXAMPLE_NAMES,
    EXAMPLES_NAME,
    REPORT_NAME,
    SEAL_NAME,
    STATE_NAME,
    WEIGHTS_NAME,
)

log = logging.getLogger(__name__)

NAMES = (
    *(CONFIG_NAME, STATE_NAME, WEIGHTS_NAME, REPORT_NAME, EVENTS_NAME, LOG_NAME),
    *(EXAMPLES_NAME, *EXAMPLE_NAMES),
    SEAL_NAME,
)
"""What is kept of a run, in the order in which it is sent: the seal, which vouches for the weights, after them."""

CHECKPOINT_NAMES = (CONFIG_NAME, WEIGHTS_NAME, REPORT_NAME, SEAL_NAME)
EVERY = timedelta(seconds=4)
"""How often a run's files are sent while it goes on."""

_TAIL_BYTES = 8192


class StorageUnreachable(JobFailed):
    """The storage of runs does not answer, or does not take what it is sent; the text says so in words."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file of a run: its name and its size in bytes."""

    name: str
    size: int


def in_place() -> bool:
    """Whether folders on this machine's disk are where runs are kept."""
    return not settings.RUNS_STORAGE


def folder_of(name: str) -> Path:
    """The folder on this machine for a run, version or rescoring whose row calls its folder `name`."""
    return Path(settings.RUNS_ROOT) / name


def fetch(name: str, names: Sequence[str] = NAMES) -> Path:
    """Bring what the storage has of a folder here; returns the folder. Raises `StorageUnreachable`."""
    folder = folder_of(name)
    if in_place():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with _told_in_words():
        for file in names:
            if _storage().exists(f"{name}/{file}"):
                _bring(f"{name}/{file}", folder / file)
    return folder


def send(name: str, names: Sequence[str] = NAMES) -> None:
    """Send the files of a folder of this machine to the storage. Raises `StorageUnreachable`."""
    if not in_place():
        Upload(name).send(names)


class Upload:
    """While a run goes on, sends what changes in its folder; at the end sends the rest.

    Leaving the context raises `StorageUnreachable` where the rest cannot be sent, unless something else went wrong
    already. A run that was lost to another worker is not sent any more: the folder in the storage is the other's now.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._sent: dict[str, tuple[int, int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True, name=f"upload-{name}")

    def __enter__(self) -> Self:
        if not in_place():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if in_place():
            return
        self.stop()
        self._thread.join()
        if isinstance(error, JobLost):
            return
        try:
            self.send()
        except StorageUnreachable as unsent:
            if error is None:
                raise
            log.warning("the end of a run could not be stored: %s (%s)", self._name, unsent)

    def stop(self) -> None:
        """Send nothing more from now on, except at the end."""
        self._stop.set()

    def send(self, names: Sequence[str] = NAMES) -> None:
        """Send what is new or has changed since it was last sent. Raises `StorageUnreachable`."""
        folder = folder_of(self._name)
        with _told_in_words():
            for file in names:
                self._send_one(folder / file)
            if STATE_NAME in names and (folder / SEAL_NAME).exists() and not (folder / STATE_NAME).exists():
                _storage().delete(f"{self._name}/{STATE_NAME}")

    def _send_one(self, path: Path) -> None:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            status = os.fstat(file.fileno())
            mark = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._sent.get(path.name) == mark:
                return
            _storage().save(f"{self._name}/{path.name}", File(file, name=path.name))
            self._sent[path.name] = mark

    def _go_on(self) -> None:
        while not self._stop.wait(EVERY.total_seconds()):
            try:
                self.send()
            except StorageUnreachable as error:  # there is a next time, and an end that insists
                log.warning("a run's files could not be sent: %s (%s)", self._name, error)


def files_of(name: str) -> list[Artefact]:
    """The files that are kept of a run or version. Raises `StorageUnreachable`."""
    if not name:
        return []
    if in_place():
        folder = folder_of(name)
        return [Artefact(file, (folder / file).stat().st_size) for file in NAMES if (folder / file).is_file()]
    with _told_in_words():
        there = [file for file in NAMES if _storage().exists(f"{name}/{file}")]
        return [Artefact(file, _storage().size(f"{name}/{file}")) for file in there]


def open_file(name: str, file: str) -> IO[bytes]:
    """One of `NAMES` to read. Raises FileNotFoundError, and `StorageUnreachable`."""
    if file not in NAMES or not name:
        raise FileNotFoundError(file)
    if in_place():
        return (folder_of(name) / file).open("rb")
    with _told_in_words():
        opened: IO[bytes] = _storage().open(f"{name}/{file}")
        return opened


def read_events_of(run: TrainingRun) -> list[dict[str, Any]]:
    """All complete events of a run, oldest first, on any machine; none while there are none, or none to be had."""
    return parse_events(_read(run, EVENTS_NAME))


def log_tail_of(run: TrainingRun, *, lines: int) -> str:
    """The last lines of a run's log, at most 8 KiB of it, on any machine."""
    text = _read(run, LOG_NAME, last=_TAIL_BYTES).decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-lines:])


def _read(run: TrainingRun, file: str, *, last: int | None = None) -> bytes:
    try:
        with open_file(run.folder, file) as opened:
            if last is not None:
                opened.seek(max(0, opened.seek(0, os.SEEK_END) - last))
            return opened.read()
    except FileNotFoundError:
        return b""
    except StorageUnreachable as error:
        log.warning("a run's page is shown without its %s: %s", file, error)
        return b""


def _bring(stored: str, path: Path) -> None:
    """Fetch one file so that a reader sees the old one or the new one; two who fetch it do not meet."""
    number, partial = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with _storage().open(stored) as source, os.fdopen(number, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _storage() -> Storage:
    return storages["runs"]


@contextlib.contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except _errors() as error:
        if is_disk_full(error):
            raise
        raise StorageUnreachable(
            f"The storage of runs (RUNS_STORAGE) cannot be used ({type(error).__name__}: {error})."
        ) from error


def _errors() -> tuple[type[Exception], ...]:
    """What a storage raises when it fails; boto3 is only there where it is used."""
    if in_place():
        return (OSError,)
    botocore = importlib.import_module("botocore.exceptions")
    return (OSError, botocore.BotoCoreError, botocore.ClientError)
