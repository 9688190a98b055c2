"""The public form has papers of its own where they speak of arrays or digests, and the complete one's elsewhere."""

import hashlib
import shutil

import pytest

from mpd_builder.snapshot import manifest, papers, publish, verify
from mpd_builder.snapshot.papers.protocols import protocol_path


@pytest.fixture(scope="module")
def public(filled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public") / "p"
    publish(filled, out_dir=folder)
    return folder


@pytest.mark.parametrize("name", papers.OWN)
def test_papers_that_speak_of_arrays_or_digests_are_its_own(filled, public, name):
    ours, theirs = ((folder / name).read_text() for folder in (filled, public))
    assert ours != theirs
    assert "arrays/mels" not in theirs
    if name in ("README.md", "DATASHEET.md"):
        assert verify(filled).digest in theirs


def test_figures_and_instructions_are_the_same_and_linked(filled, public):
    names = [
        str(place.relative_to(filled)) for folder in ("figures", "protocols") for place in (filled / folder).iterdir()
    ]
    assert len(names) == 7
    card, sheet = (public / "README.md").read_text(), (public / "DATASHEET.md").read_text()
    for name in names:
        assert (public / name).read_bytes() == (filled / name).read_bytes()
        assert f"]({name})" in card + sheet
    assert protocol_path("Draft 2") in names


def test_a_snapshot_from_before_there_were_figures_links_none(filled, tmp_path):
    """As an older version of the code sealed it: without data sheet, citation, Croissant, figures, instructions."""
    older = tmp_path / "older"
    shutil.copytree(filled, older)
    values = manifest.parse((older / manifest.MANIFEST_NAME).read_bytes())
    for name in list(values["files"]):
        if name.startswith(("figures/", "protocols/")) or name in ("DATASHEET.md", "CITATION.cff", "croissant.json"):
            (older / name).unlink()
            del values["files"][name]
    for folder in ("figures", "protocols"):
        (older / folder).rmdir()
    for name in (manifest.MANIFEST_NAME, manifest.SUMS_NAME):
        (older / name).unlink()
    (older / manifest.MANIFEST_NAME).write_bytes(manifest.to_bytes(values))
    sums = {name: each["sha256"] for name, each in values["files"].items()}
    sums[manifest.MANIFEST_NAME] = hashlib.sha256((older / manifest.MANIFEST_NAME).read_bytes()).hexdigest()
    (older / manifest.SUMS_NAME).write_bytes(manifest.sums_bytes(sums))
    publish(older, out_dir=tmp_path / "p")
    assert verify(tmp_path / "p").ok
    assert "](figures/" not in (tmp_path / "p" / "README.md").read_text()
    assert "](protocols/" not in (tmp_path / "p" / "DATASHEET.md").read_text()
