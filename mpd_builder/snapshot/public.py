"""The public form of a snapshot: what may be passed on of it, sealed anew.

A complete snapshot keeps model inputs of every item in `arrays/`, so that the lab can train on all of it; those of
restricted items are derived from works that may not be published. The public form has the same tables and media, byte
for byte, no arrays, and a card, notes, manifest and seal of its own that name the complete one. The same complete
snapshot always has the same public form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mpd_builder.snapshot import manifest, papers
from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.draft import draft
from mpd_builder.snapshot.manifest import FileFact, TableFact
from mpd_builder.snapshot.papers.figures import figures
from mpd_builder.snapshot.papers.protocols import protocol_path
from mpd_builder.snapshot.reader import SnapshotDamaged
from mpd_builder.snapshot.recipe import Recipe
from mpd_builder.snapshot.tables import SCHEMAS, schema_of
from mpd_builder.snapshot.verification import verify
from mpd_builder.snapshot.writer import Sealed

ARRAYS = "arrays/"
RESTRICTED_SINCE = 2
"""The format version that first says how many rows of an array are restricted."""
COVER = (*papers.OWN, manifest.MANIFEST_NAME, manifest.SUMS_NAME)
"""The files that the public form has of its own."""


class NoPublicForm(ValueError):
    """The snapshot needs no public form, or is too old to tell what of it is restricted; the text says which."""


def has_public_form(values: Mapping[str, Any]) -> bool:
    """Whether a snapshot with this manifest holds restricted items in its arrays, so that it may not be passed on."""
    return any(array.get("restricted_rows") for array in values["arrays"].values())


def cover(root: Path) -> dict[str, bytes]:
    """The files `COVER` of the public form, by name, from the complete snapshot at `root`, which is taken to be whole.

    Raises NoPublicForm and OSError.
    """
    values = manifest.parse((root / manifest.MANIFEST_NAME).read_bytes())
    version = values["format_version"]
    if version < RESTRICTED_SINCE:
        raise NoPublicForm(
            f"{root} is of format version {version}, which does not say what is restricted. Export the campaign again."
        )
    if not has_public_form(values):
        raise NoPublicForm(f"Nothing in {root} is restricted: it may be passed on as it is.")
    digest = hashlib.sha256((root / manifest.SUMS_NAME).read_bytes()).hexdigest()
    kept = {
        path: FileFact(each["sha256"], each["bytes"])
        for path, each in values["files"].items()
        if not path.startswith(ARRAYS)
    }
    about = _about(values, complete_digest=digest, kept=kept)
    shown = [figure for figure in figures(about.facts, about.recipe) if figure.path in kept]
    texts = papers.own_papers(about, shown)
    files = kept | {name: _fact(content) for name, content in texts.items()}
    texts[manifest.MANIFEST_NAME] = manifest.to_bytes(
        values
        | {
            "recipe": about.recipe.to_dict(),
            "public_form_of": digest,
            "arrays": {},
            "files": manifest.file_values(files),
            "content_digest": manifest.content_digest(files),
        }
    )
    files[manifest.MANIFEST_NAME] = _fact(texts[manifest.MANIFEST_NAME])
    texts[manifest.SUMS_NAME] = manifest.sums_bytes({path: fact.sha256 for path, fact in files.items()})
    return texts


def _about(values: Mapping[str, Any], *, complete_digest: str, kept: Mapping[str, FileFact]) -> papers.About:
    """What the papers of the public form speak of. `kept` are the files that it takes over, and those it makes anew."""
    facts, version = Facts.from_dict(values["facts"]), values["format_version"]
    return papers.About(
        recipe=replace(Recipe.from_dict(values["recipe"]), arrays=False),
        facts=facts,
        created_on=date.fromisoformat(values["created_on"]) if values["created_on"] else None,
        code_version=values["code_version"],
        tables={  # in the order of a complete card: a manifest has its keys sorted
            name: TableFact(values["tables"][name]["rows"], tuple(schema_of(name, format_version=version).names))
            for name in SCHEMAS
        },
        arrays={},
        files=kept,
        protocols=frozenset(fact.label for fact in facts.protocol_versions if protocol_path(fact.label) in kept),
        complete_digest=complete_digest,
        format_version=version,
    )


def publish(path: Path, *, out_dir: Path) -> Sealed:
    """Verify the complete snapshot at `path` and write its public form to `out_dir`, which must not exist.

    Raises SnapshotDamaged, SnapshotExists, NoPublicForm and OSError.
    """
    report = verify(path)
    if not report.ok:
        raise SnapshotDamaged(report)
    texts = cover(path)
    sums = manifest.parse_sums(texts[manifest.SUMS_NAME])
    with draft(out_dir) as folder:
        for name in sums:
            if name in texts:
                folder.add_bytes(name, texts[name])
            else:
                folder.add_copy(name, path / name)
        if {name: fact.sha256 for name, fact in folder.files.items()} != sums:
            raise SnapshotDamaged(verify(path))  # changed while it was read
        digest = folder.seal(out_dir)
    n_bytes = sum(fact.n_bytes for fact in folder.files.values()) + len(texts[manifest.SUMS_NAME])
    return Sealed(path=out_dir, digest=digest, n_files=len(sums) + 1, n_bytes=n_bytes)


def _fact(content: bytes) -> FileFact:
    return FileFact(hashlib.sha256(content).hexdigest(), len(content))
