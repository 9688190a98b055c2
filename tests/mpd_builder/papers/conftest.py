"""Snapshots to read papers from: one with the facts of today, one with only those that there always were."""

import json
from dataclasses import replace

import pytest

from tests.mpd_builder.filled_facts import FILLED, TEXTS
from tests.mpd_builder.small_snapshot import dataset, with_facts, write_small


@pytest.fixture(scope="package")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled") / "s"
    write_small(folder, dataset=replace(with_facts(**FILLED), protocols=TEXTS))
    return folder


@pytest.fixture(scope="package")
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old") / "s"
    write_small(folder, dataset=dataset())
    return folder


@pytest.fixture(scope="package", params=["filled", "old"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def manifest_of():
    return lambda folder: json.loads((folder / "manifest.json").read_text())
