"""Snapshots through the API: started once per key, stopped and resumed, listed, verified, compared, taken away."""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile

import pytest
from rest_framework.test import APIClient

from annotation_site.corpus.models import Painting
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.snapshots.comparing import snapshots_compare
from annotation_site.snapshots.models import Comparison, Snapshot
from tests.factories import make_admin
from tests.snapshots.exported import content_of, export_do, sealed_snapshot
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db
SNAPSHOTS = "/api/v1/snapshots/"


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def ada() -> APIClient:
    client = APIClient()
    client.force_authenticate(make_admin())
    return client


def test_nobody_but_an_admin_reaches_anything(judged: Judged) -> None:
    own = f"{SNAPSHOTS}{sealed_snapshot(judged.campaign).pk}/"
    rater = APIClient()
    rater.force_authenticate(judged.raters[0].user)
    reads = ["", "files/", "files/README.md", "download/", "verifications/", f"compare/{own.split('/')[-2]}/"]
    for path in reads:
        assert APIClient().get(own + path).status_code == 401, path
        assert rater.get(own + path).status_code == 403, path
    for path in ("cancel/", "resume/", "verify/"):
        assert APIClient().post(own + path).status_code == 401, path
        assert rater.post(own + path).status_code == 403, path


def test_an_export_is_started_once_per_key_followed_stopped_and_resumed(judged: Judged, ada: APIClient) -> None:
    wanted = {
        "campaign": judged.campaign.slug,
        "recipe": "demo",
        "overrides": {"split": "pair", "rater_ids": "absent"},
        "name": "By the API",
        "key": str(uuid.uuid4()),
    }
    first = ada.post(SNAPSHOTS, wanted, format="json")
    again = ada.post(SNAPSHOTS, wanted, format="json")
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    told = first.json()
    assert (told["state"], told["recipe"]["split"], told["recipe"]["name"]) == ("queued", "pair", "custom")
    other = ada.post(SNAPSHOTS, wanted | {"overrides": {}}, format="json")
    assert (other.status_code, other.json()["code"]) == (409, "refused")
    own = f"{SNAPSHOTS}{told['id']}/"
    assert ada.get(f"{own}files/").json()["code"] == "not_sealed"
    assert ada.get(f"{own}download/").status_code == 409
    assert ada.post(f"{own}cancel/").json()["state"] == "cancelled"
    assert ada.post(f"{own}resume/").json()["state"] == "queued"
    assert ada.post(f"{own}resume/").status_code == 409
    assert export_do(Snapshot.objects.get()) == JobState.DONE
    sealed = ada.get(own).json()
    assert (sealed["state"], len(sealed["digest"]), sealed["facts"]["ratings"]) == ("done", 64, 60)
    assert ada.get(SNAPSHOTS, {"digest": sealed["digest"]}).json()["results"][0]["id"] == told["id"]


def test_what_does_not_fit_is_said_by_field(judged: Judged, ada: APIClient) -> None:
    for overrides, field in (({"min_ratings": 9}, "min_ratings"), ({"colour": 1}, "colour"), ({"band": "x"}, "band")):
        wanted = {"campaign": judged.campaign.slug, "recipe": "demo", "overrides": overrides}
        response = ada.post(SNAPSHOTS, wanted, format="json")
        assert (response.status_code, set(response.json()["fields"])) == (400, {field})
        assert response.json()["code"] == "invalid"
    response = ada.post(SNAPSHOTS, {"campaign": judged.campaign.slug, "recipe": "huge"}, format="json")
    assert (response.status_code, set(response.json()["fields"])) == (400, {"recipe"})
    assert not Snapshot.objects.exists()


def test_files_and_zips_are_taken_away_in_parts(judged: Judged, ada: APIClient) -> None:
    Painting.objects.filter(pk=judged.paintings[0].pk).update(may_publish=False)
    snapshot = sealed_snapshot(judged.campaign)
    own = f"{SNAPSHOTS}{snapshot.pk}/"
    files = {file["name"]: file for file in ada.get(f"{own}files/").json()}
    table = files["data/ratings.parquet"]
    whole = ada.get(f"{own}files/data/ratings.parquet")
    content = content_of(whole)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (table["bytes"], table["sha256"])
    assert (table["rows"], files["README.md"]["rows"]) == (60, None)
    part = ada.get(f"{own}files/data/ratings.parquet", HTTP_RANGE="bytes=10-19", HTTP_IF_RANGE=whole["ETag"])
    assert (part.status_code, content_of(part)) == (206, content[10:20])
    assert ada.get(f"{own}files/../secret").status_code == 404
    assert ada.get(f"{own}files/nothing").json()["code"] == "not_found"
    complete, public = (ada.get(f"{own}download/", {"form": form}) for form in ("complete", "public"))
    assert complete["ETag"] == f'"{snapshot.digest}"'
    names = [
        {name.split("/", 1)[1] for name in zipfile.ZipFile(io.BytesIO(content_of(one))).namelist()}
        for one in (complete, public)
    ]
    assert names[0] == {*files, "SHA256SUMS"}
    assert "arrays/paintings.u8.npy" in names[0] - names[1]
    assert ada.get(f"{own}download/", {"form": "half"}).status_code == 400


def test_it_is_verified_and_compared(judged: Judged, ada: APIClient) -> None:
    before = sealed_snapshot(judged.campaign)
    after = sealed_snapshot(judged.campaign, overrides={"aggregator": "mean"})
    own = f"{SNAPSHOTS}{before.pk}/"
    first, second = (ada.post(f"{own}verify/") for _ in range(2))
    assert (first.status_code, first.json()["id"]) == (201, second.json()["id"])
    assert [one["state"] for one in ada.get(f"{own}verifications/").json()] == ["queued"]
    waiting = ada.get(f"{own}compare/{after.pk}/")
    assert (waiting.status_code, waiting["Retry-After"], waiting.json()["found"]) == (202, "2", None)
    job_run(model=Comparison, job_id=waiting.json()["id"], work=snapshots_compare)
    done = ada.get(f"{own}compare/{after.pk}/")
    assert done.status_code == 200
    assert (done.json()["found"]["pairs"]["kept"], done.json()["found"]["kinship"]) == (12, "same judgments")
    assert ada.get(f"{own}compare/{after.pk + 1}/").status_code == 404
