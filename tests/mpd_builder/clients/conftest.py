"""One small snapshot with media and arrays, for every client. Clients are imported in the tests: they are heavy."""

import dataclasses
import os
from datetime import date
from pathlib import Path

import pytest

from mpd_builder.build import build
from mpd_builder.snapshot import Recipe, publish
from mpd_builder.snapshot.shards import write_shards
from tests.mpd_builder.filled_facts import FILLED, TEXTS
from tests.mpd_builder.small_judgments import small_judgments
from tests.mpd_builder.small_snapshot import write_small

RECIPE = Recipe("half", shares=(0.5, 0.2, 0.3), ratings_licence="CC0-1.0")
PER_SHARD = 7


@pytest.fixture(scope="session")
def dataset():
    """Sixty pairs; one painting and one track of them may not be passed on."""
    judgments = small_judgments()
    one, *paintings = judgments.paintings
    another, *tracks = judgments.tracks
    judgments = dataclasses.replace(
        judgments,
        paintings=(dataclasses.replace(one, may_publish=False, style="Cubism"), *paintings),
        tracks=(dataclasses.replace(another, licence=""), *tracks),
    )
    built = build(judgments, RECIPE)
    return dataclasses.replace(built, facts=dataclasses.replace(built.facts, **FILLED), protocols=TEXTS)


@pytest.fixture(scope="session")
def path(dataset, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("clients") / "snapshot"
    write_small(place, recipe=RECIPE, dataset=dataset, created_on=date(2026, 1, 15))
    return place


@pytest.fixture(scope="session")
def public(path, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("clients") / "public"
    publish(path, out_dir=place)
    return place


@pytest.fixture(scope="session")
def shards(path, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("clients") / "shards"
    write_shards(path, out_dir=place, per_shard=PER_SHARD)
    return place


@pytest.fixture(scope="session")
def offline(tmp_path_factory):
    """No client asks the network, and each keeps its cache here: set before the first of them is imported."""
    home = str(tmp_path_factory.mktemp("caches"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        patch.setenv("HF_HOME", os.path.join(home, "hub"))
        patch.setenv("CROISSANT_CACHE", os.path.join(home, "croissant"))
        yield
