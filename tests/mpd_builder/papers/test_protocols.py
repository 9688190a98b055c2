import pytest

from mpd_builder.snapshot.manifest import is_inside
from mpd_builder.snapshot.papers.protocols import protocol_path, render


@pytest.mark.parametrize("label", ["1", "2.1", "v-3_b"])
def test_a_plain_label_is_the_file_name(label):
    assert protocol_path(label) == f"protocols/{label}.md"


@pytest.mark.parametrize("label", ["", "..", "../../etc/passwd", ".hidden", "a b", "A", "Ü", "x" * 300, "a/b", "con\n"])
def test_any_other_label_becomes_a_name_that_stays_inside(label):
    folder, name = protocol_path(label).split("/")
    assert folder == "protocols"
    assert is_inside([folder, name])
    assert name.lower() == name
    assert len(name) < 60


def test_different_labels_never_share_a_file():
    labels = ["a", "A", "a b", "a-b", "a_b", "A B", "a/b", "ä", "ö", ""]
    assert len({protocol_path(label) for label in labels}) == len(labels)


def test_texts_are_kept_as_they_were_written(filled):
    assert render({"1": "Text"}) == {"protocols/1.md": "Text\n"}
    assert (filled / "protocols" / "1.md").read_text() == "# Consent\n\nYou may stop at any time.\n"
    assert (filled / protocol_path("Draft 2")).read_text() == "# Consent\n\nAs before.\n"
    assert f"[Draft 2]({protocol_path('Draft 2')})" in (filled / "DATASHEET.md").read_text()
