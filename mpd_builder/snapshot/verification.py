"""Checking a snapshot against its own seal: every byte, nothing missing, nothing added, no link to elsewhere."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from mpd_builder.snapshot import leakage
from mpd_builder.snapshot.draft import is_draft
from mpd_builder.snapshot.manifest import MANIFEST_NAME, SUMS_NAME, ManifestError, parse, parse_sums
from mpd_builder.snapshot.recipe import Recipe, RecipeError
from mpd_builder.snapshot.tables import TABLES_FOLDER


class Damage(StrEnum):
    """What can be wrong with a file of a snapshot."""

    NOT_A_SNAPSHOT = "not a snapshot"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    LINK = "link"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: the file's path inside the snapshot, what kind of damage, and words for a person."""

    path: str
    damage: Damage
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `digest` and `manifest` are of the files as found, empty where they cannot be read."""

    path: Path
    digest: str
    n_files: int
    n_bytes: int
    problems: tuple[Problem, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def words(self) -> str:
        """One line: what was found."""
        if self.ok:
            return f"{self.path}: whole, {self.n_files:,} files, {self.n_bytes:,} bytes, digest {self.digest}"
        more = len(self.problems) - 1
        others = f" (and {more:,} more {'problem' if more == 1 else 'problems'})" if more else ""
        return f"{self.path}: {self.problems[0].words}{others}"


def verify(path: Path | str) -> Report:
    """Compare a snapshot with its seal. Never raises for damage: the report lists it, ordered by file."""
    root = Path(path)
    if not root.is_dir():
        words = "is not a folder" if root.exists() else "does not exist"
        return _failed(root, Problem(".", Damage.NOT_A_SNAPSHOT, words))
    if is_draft(root):
        return _failed(root, Problem(".", Damage.NOT_A_SNAPSHOT, "is what an unfinished export left, not a snapshot"))
    try:
        found, strange = _walk(root)
        sums = read_file(root, SUMS_NAME)
        expected = parse_sums(sums)
        manifest = parse(read_file(root, MANIFEST_NAME))
    except ManifestError as error:
        return _failed(root, Problem(SUMS_NAME, Damage.NOT_A_SNAPSHOT, f"not a readable snapshot: {error}"))
    except OSError as error:
        return _failed(
            root, Problem(str(error.filename), Damage.UNREADABLE, f"{error.filename} cannot be read: {error.strerror}")
        )
    problems = [*strange, *_presence(found, expected)]
    problems += _contents(root, {name: digest for name, digest in expected.items() if name in found})
    problems += _agreement(expected, manifest)
    if manifest["format_version"] >= leakage.SINCE:
        problems += _certificate(root, manifest, problems)
    return Report(
        path=root,
        digest=hashlib.sha256(sums).hexdigest(),
        n_files=len(found),
        n_bytes=sum(found.values()),
        problems=tuple(sorted(problems)),
        manifest=manifest,
    )


def _failed(root: Path, problem: Problem) -> Report:
    return Report(path=root, digest="", n_files=0, n_bytes=0, problems=(problem,))


def read_file(root: Path, name: str) -> bytes:
    """A file of the seal. Raises ManifestError where there is none, OSError."""
    try:
        with open(root / name, "rb", opener=_open_plain) as file:
            return file.read()
    except FileNotFoundError as error:
        raise ManifestError(f"there is no {name} in it") from error


def _open_plain(name: str, flags: int) -> int:
    """Open without following a link at the end of the path and without waiting on a pipe."""
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _walk(root: Path) -> tuple[dict[str, int], list[Problem]]:
    """Plain files below `root` with their sizes, and whatever is neither file nor folder."""
    files: dict[str, int] = {}
    strange: list[Problem] = []
    for name, entry in _entries(root, ""):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISREG(mode):
            files[name] = entry.stat(follow_symlinks=False).st_size
        elif stat.S_ISLNK(mode):
            strange.append(Problem(name, Damage.LINK, f"{name} is a link; a snapshot holds plain files only"))
        elif not stat.S_ISDIR(mode):
            strange.append(Problem(name, Damage.EXTRA, f"{name} is neither a file nor a folder"))
        elif not os.listdir(entry.path):
            strange.append(
                Problem(name, Damage.EXTRA, f"{name} is an empty folder that does not belong to the snapshot")
            )
    return files, strange


def _entries(root: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(root / prefix) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = str(PurePosixPath(prefix, entry.name))
            yield name, entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(root, name)


def _presence(found: Mapping[str, int], expected: Mapping[str, str]) -> list[Problem]:
    missing = sorted(set(expected) - set(found))
    extra = sorted(set(found) - set(expected) - {SUMS_NAME})
    return [Problem(name, Damage.MISSING, f"{name} is missing") for name in missing] + [
        Problem(name, Damage.EXTRA, f"{name} does not belong to the snapshot") for name in extra
    ]


def _contents(root: Path, expected: Mapping[str, str]) -> list[Problem]:
    """Hash the files, on as many threads as there are cores (hashing lets go of the interpreter)."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as threads:
        checks = threads.map(lambda name: check_file(root, name, expected[name]), sorted(expected))
        return [problem for problem in checks if problem is not None]


def check_file(root: Path, name: str, expected: str) -> Problem | None:
    """What is wrong with a file, if its SHA-256 is not the expected one. No link at the end of its path is followed."""
    try:
        with open(root / name, "rb", opener=_open_plain) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Problem(name, Damage.UNREADABLE, f"{name} cannot be read: {error.strerror}")
    if digest != expected:
        return Problem(name, Damage.CHANGED, f"{name} was changed after the snapshot was sealed")
    return None


def _certificate(root: Path, manifest: Mapping[str, Any], problems: list[Problem]) -> list[Problem]:
    """Whether the leakage certificate is what the tables say; of tables that are damaged nothing more is asked."""
    if any(problem.path == leakage.NAME or problem.path.startswith(TABLES_FOLDER) for problem in problems):
        return []
    try:
        words = leakage.contradictions(root, split=Recipe.from_dict(manifest["recipe"]).split)
    except FileNotFoundError:
        words = [f"{leakage.NAME} or a table that it rests on is missing"]
    except (OSError, RecipeError) as error:
        words = [f"{leakage.NAME} cannot be checked: {error}"]
    return [Problem(leakage.NAME, Damage.CONTRADICTION, each) for each in words]


def _agreement(expected: Mapping[str, str], manifest: Mapping[str, Any]) -> list[Problem]:
    """Whether the manifest names the same files with the same digests as the sums."""
    listed = {name: fact.get("sha256") for name, fact in manifest["files"].items()}
    sealed = {name: digest for name, digest in expected.items() if name != MANIFEST_NAME}
    differing = sorted(name for name in listed.keys() | sealed.keys() if listed.get(name) != sealed.get(name))
    return [
        Problem(name, Damage.CONTRADICTION, f"{MANIFEST_NAME} and {SUMS_NAME} disagree about {name}")
        for name in differing
    ]
