"""Opening a snapshot for its tables alone: gigabytes of media and arrays are not read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mpd_builder.snapshot.manifest import MANIFEST_NAME, SUMS_NAME, ManifestError, parse, parse_sums
from mpd_builder.snapshot.reader import Snapshot, SnapshotDamaged, load
from mpd_builder.snapshot.verification import Damage, Problem, Report, check_file, read_file

TABLES = "data/"


def read_tables(path: Path | str) -> Snapshot:
    """Check the manifest and the tables against the seal and load them. Nothing else of the folder is looked at.

    Raises SnapshotDamaged, in words, if one of these is missing or was changed.
    """
    root = Path(path)
    try:
        sums = read_file(root, SUMS_NAME)
        expected = parse_sums(sums)
        checked = {
            name: digest for name, digest in expected.items() if name.startswith(TABLES) or name == MANIFEST_NAME
        }
        problems = [problem for name, digest in sorted(checked.items()) if (problem := check_file(root, name, digest))]
        manifest = {} if problems else parse(read_file(root, MANIFEST_NAME))
    except ManifestError as error:
        raise SnapshotDamaged(_report(root, [Problem(SUMS_NAME, Damage.NOT_A_SNAPSHOT, str(error))])) from error
    except OSError as error:
        words = f"{SUMS_NAME} cannot be read: {error.strerror}"
        raise SnapshotDamaged(_report(root, [Problem(SUMS_NAME, Damage.UNREADABLE, words)])) from error
    if problems:
        raise SnapshotDamaged(_report(root, problems))
    digest = hashlib.sha256(sums).hexdigest()
    n_bytes = sum(fact["bytes"] for fact in manifest["files"].values())
    return load(Report(path=root, digest=digest, n_files=len(expected) + 1, n_bytes=n_bytes, manifest=manifest))


def _report(root: Path, problems: list[Problem]) -> Report:
    return Report(path=root, digest="", n_files=0, n_bytes=0, problems=tuple(problems))
