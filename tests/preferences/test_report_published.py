"""Published abilities come out of the report's own path: from votes stored in the database, and on the query's page."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from annotation_site.preferences.report.computing import scales_find
from annotation_site.preferences.report.loading import ballots_load
from annotation_site.preferences.report.query import query_report
from annotation_site.scoring.models import Campaign
from mpd_builder import records
from mpd_builder.preference_statistics import Scale
from mpd_builder.preferences import task_id
from tests.factories import make_admin, make_campaign
from tests.preferences.many_votes import votes_store

pytestmark = pytest.mark.django_db

M2P, A, B = records.Direction.MUSIC_TO_PAINTING, records.Choice.A, records.Choice.B


@pytest.fixture(scope="module")
def annotations(shared_corpus: Path) -> Path:
    return shared_corpus / "annotations"


@pytest.fixture(scope="module")
def expected(annotations: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((annotations / "expected_statistics.json").read_text())
    return found


def judgements(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from csv.DictReader(file)


def campaign_of(path: Path, *, query: str | None) -> Campaign:
    """A campaign with every judgement of the file as a vote; its column `query` is the clip that is asked about.

    Judges came back to the same question, a rater votes once on a task: the n-th judgement of a task is the n-th
    rater's. Options are paintings.
    """
    tasks: dict[tuple[str, str, str], records.PreferenceTask] = {}
    pairs: dict[str, records.Pair] = {}
    given: Counter[str] = Counter()
    votes = []
    for row in judgements(path):
        asked = row[query] if query else "all"
        options = sorted((row["option_a"], row["option_b"]))
        keys = [f"{option}.{asked}" for option in options]
        pairs |= {key: records.Pair(key, option, asked) for key, option in zip(keys, options, strict=True)}
        new = records.PreferenceTask(task_id(M2P, asked, *keys), M2P, asked, keys[0], keys[1])
        task = tasks.setdefault((asked, *keys), new)  # type: ignore[arg-type]
        choice = A if row["preferred"] == options[0] else B
        votes.append(records.Vote(task.id, f"judge {given[task.id]}", choice, A))
        given[task.id] += 1
    campaign = make_campaign(slug="published")
    votes_store(campaign=campaign, pairs=list(pairs.values()), tasks=list(tasks.values()), votes=votes, scores={})
    return campaign


def worths(scale: Scale) -> dict[str, float]:
    return {item.split(".")[0]: worth for item, worth in zip(scale.items, scale.worths(), strict=True)}


def assert_published(ours: Mapping[str, float], published: Mapping[str, float]) -> None:
    """Equal in every decimal that was published."""
    assert set(ours) == set(published)
    for name, figure in published.items():
        decimals = len(str(figure).partition(".")[2])
        assert ours[name] == pytest.approx(figure, abs=0.51 * 10.0**-decimals, rel=0), name


def test_sharpened_images_have_their_published_worths_on_five_scales(
    annotations: Path, expected: dict[str, Any]
) -> None:
    name = "pairs_sharpened_images.csv"
    published = expected[name]["computed"]["bradley_terry_worth_within_each_photograph"]
    campaign = campaign_of(annotations / name, query="content")
    rows, _ = scales_find(loaded=ballots_load(campaign=campaign), prior=None)
    assert {row.query_id for row in rows} == set(published)
    for row in rows:
        assert_published(worths(row.scale), published[row.query_id])
        found = query_report(campaign=campaign, query=row.query_id)
        assert found is not None
        [likelihood] = found.likelihoods
        assert likelihood is not None
        assert_published(worths(likelihood), published[row.query_id])


def test_sound_quality_has_its_published_worths_and_the_page_shows_the_abilities(
    annotations: Path, expected: dict[str, Any]
) -> None:
    name = "pairs_soundquality.csv"
    campaign = campaign_of(annotations / name, query=None)
    found = query_report(campaign=campaign, query="all")
    assert found is not None
    assert found.n_votes == expected[name]["judgements"]
    [likelihood] = found.likelihoods
    assert likelihood is not None
    assert_published(worths(likelihood), expected[name]["computed"]["bradley_terry_worth_all_programmes"])
    ada = Client()
    ada.force_login(make_admin())
    page = ada.get("/admin/preferences/query/", {"campaign": "published", "query": "all"}).text
    for ability, error in zip(likelihood.abilities, likelihood.errors, strict=True):
        assert f"{ability:+.2f}</span><small>± {error:.2f}<" in page
