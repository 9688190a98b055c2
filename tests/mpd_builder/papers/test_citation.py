import re

import pytest
import yaml

from mpd_builder.snapshot import Recipe
from tests.mpd_builder.small_snapshot import with_facts, write_small

# The keys of the Citation File Format 1.2.0 that we use, with what its schema asks of each.
KNOWN = {
    "cff-version": "1.2.0",
    "message": str,
    "type": "dataset",
    "title": str,
    "abstract": str,
    "authors": list,
    "version": str,
    "identifiers": list,
    "keywords": list,
    "date-released": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "license": "CC0-1.0",
    "references": list,
}
REQUIRED = {"authors", "cff-version", "message", "title"}
DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")


def citation_of(folder):
    return yaml.safe_load((folder / "CITATION.cff").read_text())


def test_it_is_a_valid_citation_file(either):
    cited = citation_of(either)
    assert REQUIRED <= set(cited) <= set(KNOWN)
    for key, value in cited.items():
        asked = KNOWN[key]
        if isinstance(asked, re.Pattern):
            assert asked.fullmatch(value)
        elif isinstance(asked, str):
            assert value == asked
        else:
            assert isinstance(value, asked)
            assert value
    assert len(cited["keywords"]) == len(set(cited["keywords"]))
    assert all(set(author) == {"name"} for author in cited["authors"])


def test_it_cites_the_paper(filled):
    (paper,) = citation_of(filled)["references"]
    assert paper["type"] == "article"
    assert paper["title"].startswith("MPJudge")
    assert all(set(author) == {"family-names", "given-names"} for author in paper["authors"])
    assert all(DOI.fullmatch(each["value"]) for each in paper["identifiers"])


def test_its_version_is_the_digest_of_the_content(filled, manifest_of):
    manifest = manifest_of(filled)
    cited = citation_of(filled)
    assert cited["version"] == f"{manifest['format_version']}.0.0+{manifest['content_digest'][:16]}"
    assert cited["identifiers"][0]["value"] == f"sha256:{manifest['content_digest']}"
    assert manifest["content_digest"] in (filled / "README.md").read_text()


def test_a_licence_is_named_only_where_everything_has_it(filled, tmp_path):
    assert "license" not in citation_of(filled)
    one = {"paintings": {"CC0-1.0": 4}, "tracks": {"CC0-1.0": 2}}
    write_small(
        tmp_path / "s",
        recipe=Recipe("one", ratings_licence="CC0-1.0"),
        dataset=with_facts(licences=one, restricted={}),
    )
    assert citation_of(tmp_path / "s")["license"] == "CC0-1.0"


def test_without_a_date_none_is_made_up(tmp_path):
    write_small(tmp_path / "s", created_on=None)
    assert "date-released" not in citation_of(tmp_path / "s")
    assert not re.search(r"year = ", (tmp_path / "s" / "README.md").read_text())


@pytest.mark.parametrize("name", ["README.md", "DATASHEET.md", "CITATION.cff", "croissant.json"])
def test_without_a_date_no_paper_states_one(tmp_path, name):
    write_small(tmp_path / "s", created_on=None)
    assert "None" not in (tmp_path / "s" / name).read_text()
