"""Reading and starting through the API: admins only, every list, every action, refusals in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from annotation_site.api.urls import router
from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.cycles.models import Schedule
from annotation_site.cycles.services import cycle_begin
from annotation_site.jobs.models import JobState
from annotation_site.preferences.models import PreferenceTask
from annotation_site.protocols.selectors import version_in_force
from annotation_site.rescoring.models import Proposal, Rescoring
from annotation_site.scoring.models import Pair
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_rating, make_task

pytestmark = pytest.mark.django_db

LISTS = sorted(prefix for prefix, view, _ in router.registry if hasattr(view, "list"))
ACTIONS = [
    "imports/",
    "imports/1/cancel/",
    "snapshots/",
    "snapshots/1/cancel/",
    "snapshots/1/resume/",
    "snapshots/1/verify/",
    "runs/",
    "runs/1/cancel/",
    "runs/1/resume/",
    "runs/1/promote/",
    "model-versions/1/activate/",
    "rescorings/",
    "rescorings/1/cancel/",
    "rescorings/1/pause/",
    "rescorings/1/resume/",
    "proposals/",
    "proposals/1/approve/",
    "proposals/1/discard/",
]


def api(path: str) -> str:
    return f"/api/v1/{path}"


def make_snapshot(**fields: Any) -> Snapshot:
    defaults = {"campaign": make_campaign(), "name": "first", "recipe": {"name": "standard"}, "created_at": NOON}
    return Snapshot.objects.create(**defaults | {"state": JobState.DONE, "digest": "ab" * 32} | fields)


def make_run(**fields: Any) -> TrainingRun:
    defaults = {"recipe": "tiny", "created_at": NOON, "state": JobState.DONE}
    return TrainingRun.objects.create(
        **defaults | {"snapshot": fields.pop("snapshot", None) or make_snapshot()} | fields
    )


def make_everything() -> None:
    """One row of each kind that has a list."""
    pair_a, pair_b = make_pair(), make_pair()
    rater = make_rater()
    make_rating(pair=pair_a, rater=rater, value=0.4)
    version_in_force()
    task = PreferenceTask.objects.create(
        campaign=pair_a.campaign,
        key="task",
        direction="music->painting",
        pair_a=pair_a,
        pair_b=pair_b,
        created_at=NOON,
    )
    task.votes.create(rater=rater, choice="a", left="b", state="surplus", key="0" * 32, created_at=NOON)
    version = ModelVersion.objects.create(run=make_run(), number=1, is_active=True, promoted_at=NOON)
    rescoring = Rescoring.objects.create(version=version, campaign=pair_a.campaign, created_at=NOON)
    Proposal.objects.create(rescoring=rescoring, created_at=NOON)
    cycle_begin(schedule=Schedule.objects.create(campaign=pair_a.campaign, set_at=NOON), now=NOON)
    ImportJob.objects.create(path="/data", created_at=NOON)


@pytest.mark.parametrize("prefix", LISTS)
def test_admins_read_every_list_and_row_and_nobody_else_does(
    prefix: str, ada: APIClient, vera: APIClient, plain: APIClient, stranger: APIClient
) -> None:
    make_everything()
    page = ada.get(api(f"{prefix}/"))
    assert page.status_code == 200
    row = page.json()["results"][0]
    one = row[{"campaigns": "slug", "raters": "code", "protocols": "number"}.get(prefix, "id")]
    assert ada.get(api(f"{prefix}/{one}/")).json() == row
    for address in (api(f"{prefix}/"), api(f"{prefix}/{one}/")):
        assert [client.get(address).status_code for client in (vera, plain, stranger)] == [403, 403, 401]
        refused = vera.get(address).json()
        assert refused["code"] == "permission_denied"
        assert refused["detail"]


@pytest.mark.parametrize("path", ACTIONS)
def test_only_admins_start_and_stop_things(path: str, vera: APIClient, plain: APIClient, stranger: APIClient) -> None:
    make_everything()
    assert [client.post(api(path), {}, format="json").status_code for client in (vera, plain, stranger)] == [
        403,
        403,
        401,
    ]
    assert (ImportJob.objects.count(), Snapshot.objects.count(), TrainingRun.objects.count()) == (1, 1, 1)


def test_nothing_is_changed_or_deleted_through_the_lists(ada: APIClient) -> None:
    pair = make_pair()
    address = api(f"pairs/{pair.pk}/")
    assert [call(address, {}, format="json").status_code for call in (ada.put, ada.patch, ada.delete)] == [405] * 3
    assert Pair.objects.exists()


def test_lists_come_newest_first_page_by_page(ada: APIClient) -> None:
    campaign = make_campaign()
    pairs = [make_pair(campaign=campaign, painting=make_painting(), clip=make_clip()) for _ in range(5)]
    first = ada.get(api("pairs/"), {"page_size": 3}).json()
    make_pair(campaign=campaign)  # a newcomer shifts nothing
    second = ada.get(first["next"]).json()
    seen = [row["id"] for row in first["results"] + second["results"]]
    assert seen == [pair.pk for pair in reversed(pairs)]
    assert second["next"] is None


def test_pairs_are_filtered_by_what_a_person_would_ask(ada: APIClient) -> None:
    done, begun = make_pair(), make_pair()
    for value in (0.3, 0.4, 0.5, 0.6, 0.7):
        make_rating(pair=done, rater=make_rater(), value=value)
    for query, expected in (
        ({"is_complete": "true"}, {done.pk}),
        ({"is_complete": "false"}, {begun.pk}),
        ({"campaign": begun.campaign.slug}, {begun.pk}),
        ({"painting": done.painting.key}, {done.pk}),
        ({"score_min": 0.45, "score_max": 0.55}, {done.pk}),
        ({"score_min": 0.6}, set()),
        ({}, {done.pk, begun.pk}),
    ):
        assert {row["id"] for row in ada.get(api("pairs/"), query).json()["results"]} == expected, query


def test_a_filter_that_makes_no_sense_is_refused_in_words(ada: APIClient) -> None:
    response = ada.get(api("ratings/"), {"since": "yesterday"})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert "since" in response.json()["fields"]


def test_ratings_name_the_rater_by_pseudonym_only(ada: APIClient) -> None:
    rater = make_rater("vera.secret", code="R-7F3K2Q")
    make_rating(pair=make_pair(), rater=rater, value=0.4)
    response = ada.get(api("ratings/"), {"rater": "R-7F3K2Q"})
    assert response.json()["results"][0]["rater"] == "R-7F3K2Q"
    assert "vera.secret" not in response.text


def test_reliability_is_the_panels(ada: APIClient, vera: APIClient) -> None:
    pair = make_pair(campaign=make_campaign(slug="autumn"))
    for value in (0.3, 0.4, 0.5, 0.6, 0.9):
        make_rating(pair=pair, rater=make_rater(), value=value)
    told = ada.get(api("campaigns/autumn/reliability/")).json()
    assert (told["complete_pairs"], told["ratings"], told["ambiguous_pairs"]) == (1, 5, 1)
    assert told["alpha"]["value"] == pytest.approx(0.0, abs=1e-9)  # one pair: as much within as overall
    assert vera.get(api("campaigns/autumn/reliability/")).status_code == 403
    assert ada.get(api("campaigns/winter/reliability/")).json()["code"] == "not_found"


def test_an_import_is_queued_and_stopped(ada: APIClient, tmp_path: Path) -> None:
    response = ada.post(api("imports/"), {"path": str(tmp_path)}, format="json")
    assert response.status_code == 201
    job = ImportJob.objects.get()
    assert (response.json()["state"], job.created_by.username) == ("queued", "ada")  # type: ignore[union-attr]
    assert ada.post(api(f"imports/{job.pk}/cancel/")).json()["state"] == "cancelled"
    again = ada.post(api(f"imports/{job.pk}/cancel/"))
    assert (again.status_code, again.json()["code"]) == (409, "job_is_over")


def test_an_import_of_a_folder_that_is_not_there_is_refused_in_words(ada: APIClient) -> None:
    response = ada.post(api("imports/"), {"path": "/no/such/folder"}, format="json")
    assert response.status_code == 409
    assert response.json() == {"code": "refused", "detail": "There is no folder /no/such/folder on this machine."}
    assert not ImportJob.objects.exists()


def test_the_issues_of_an_import_tell_file_reason_and_hint(ada: APIClient) -> None:
    job = ImportJob.objects.create(path="/data", created_at=NOON)
    other = ImportJob.objects.create(path="/other", created_at=NOON)
    for one in (job, other):
        ImportIssue.objects.create(
            job=one, file=f"{one.path}/a.jpg", level="rejected", code="broken", reason="Cut off."
        )
    (issue,) = ada.get(api(f"imports/{job.pk}/issues/")).json()["results"]
    assert (issue["file"], issue["reason"]) == ("/data/a.jpg", "Cut off.")


def test_a_snapshot_of_nothing_is_refused_in_words(ada: APIClient) -> None:
    make_campaign(slug="autumn")
    response = ada.post(api("snapshots/"), {"campaign": "autumn", "recipe": "demo"}, format="json")
    assert response.status_code == 409
    assert response.json()["detail"]
    missing = ada.post(api("snapshots/"), {"campaign": "winter"}, format="json").json()
    assert set(missing["fields"]) == {"campaign", "recipe"}


def test_a_run_is_queued_promoted_and_rescores(ada: APIClient) -> None:
    snapshot = make_snapshot()
    wanted = {"snapshot": snapshot.pk, "recipe": "tiny", "seed": 4, "note": "first try"}
    response = ada.post(api("runs/"), wanted, format="json")
    assert response.status_code == 201
    assert response.json()["digest"] == snapshot.digest
    run = TrainingRun.objects.get()
    early = ada.post(api(f"runs/{run.pk}/promote/"), {}, format="json")
    assert (early.status_code, early.json()["code"]) == (409, "refused")
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.DONE)
    version = ada.post(api(f"runs/{run.pk}/promote/"), {"note": "good"}, format="json").json()
    assert (version["number"], version["is_active"], version["source"]) == (1, True, "run")
    better = make_run(snapshot=snapshot)
    assert ada.post(api(f"runs/{better.pk}/promote/"), {}, format="json").json()["number"] == 2
    back = ada.post(
        api(f"model-versions/{version['id']}/activate/"), {"note": "better after all"}, format="json"
    ).json()
    assert (back["id"], back["is_active"]) == (version["id"], True)
    wanted = {"version": version["id"], "campaign": snapshot.campaign.slug, "pool_size": 10, "ask_for": 4}
    assert ada.post(api("rescorings/"), wanted, format="json").status_code == 201
    assert Rescoring.objects.get().created_by is not None


@pytest.mark.parametrize(
    ("wrong", "status"), [({"recipe": "nope"}, 409), ({"seed": -1}, 400), ({"snapshot": 999}, 400)]
)
def test_a_run_that_cannot_be_is_refused_in_words(ada: APIClient, wrong: dict[str, Any], status: int) -> None:
    wanted = {"snapshot": make_snapshot().pk, "recipe": "tiny"} | wrong
    response = ada.post(api("runs/"), wanted, format="json")
    assert response.status_code == status
    assert response.json()["detail"]
    assert not TrainingRun.objects.exists()


def test_a_run_asked_for_twice_with_one_key_starts_once(ada: APIClient) -> None:
    wanted = {"snapshot": make_snapshot().pk, "recipe": "tiny", "processes": 2, "request_key": str(uuid4())}
    first, again = (ada.post(api("runs/"), wanted, format="json").json() for _ in range(2))
    assert (first["id"], first["processes"], first["reason"]) == (again["id"], 2, "")
    assert TrainingRun.objects.count() == 1


def test_a_stopped_run_is_resumed_once(ada: APIClient) -> None:
    run = make_run(state=JobState.CANCELLED)
    assert ada.post(api(f"runs/{run.pk}/resume/")).json()["state"] == "queued"
    assert ada.post(api(f"runs/{run.pk}/resume/")).status_code == 409


def test_tasks_are_filtered_by_agreement_and_by_the_band(ada: APIClient) -> None:
    campaign, clip = make_campaign(), make_clip()
    pairs = [make_pair(campaign=campaign, clip=clip, score=0.5) for _ in range(3)]
    told: dict[str, Any] = {"winner": "a", "state": "kept"}
    split = make_task(pair_a=pairs[0], pair_b=pairs[1], votes_a=2, votes_b=1, **told)
    sure = make_task(pair_a=pairs[1], pair_b=pairs[2], votes_a=3, **told)
    open_yet = make_task(pair_a=pairs[0], pair_b=pairs[2])
    Pair.objects.filter(pk=pairs[0].pk).update(score=0.61)

    def found(**asked: Any) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in ada.get(api("preference-tasks/"), asked).json()["results"]}

    every = found()
    assert [every[task.pk]["unanimous"] for task in (split, sure, open_yet)] == [False, True, False]
    assert [every[task.pk]["agreement"] for task in (split, sure, open_yet)] == [pytest.approx(2 / 3), 1.0, None]
    assert [every[task.pk]["left_band"] for task in (split, sure, open_yet)] == [True, False, True]
    assert set(found(unanimous=True)) == set(found(agreement_min=0.9)) == set(found(left_band=False)) == {sure.pk}
    assert set(found(left_band=True)) == {split.pk, open_yet.pk}
