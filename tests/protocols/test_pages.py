"""The pages before the first pair, tried by four people; what they tell and what they keep to themselves."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.protocols.models import PracticeAnswer, ProtocolVersion, Step
from annotation_site.protocols.practice import practice_begin
from annotation_site.protocols.services import step_take
from tests.conftest import NOON
from tests.pages.conftest import logged_in

STEPS = [reverse(step) for step in Step]
ANSWERS = "/api/v1/practice/answers/"


@pytest.fixture
def as_nina(newcomer: Rater, practised: ProtocolVersion) -> Client:
    """A newcomer who is at the practice."""
    for step in (Step.CONSENT, Step.BACKGROUND, Step.BRIEFING, Step.EXAMPLES):
        step_take(rater=newcomer, step=step, now=NOON)
    return logged_in(newcomer.user)


def send(client: Client, example: int, value: float = 0.5) -> object:
    return client.post(ANSWERS, {"example": example, "value": value}, content_type="application/json")


@pytest.mark.parametrize("address", STEPS)
def test_four_people_at_each_step(
    as_vera: Client, as_boris: Client, as_admin: Client, as_stranger: Client, practised: ProtocolVersion, address: str
) -> None:
    for rater in (as_vera, as_boris):
        assert rater.get(address).status_code in (200, 302)
    assert as_admin.get(address).status_code == 403
    assert as_stranger.get(address).url.startswith(reverse("account_login"))  # type: ignore[attr-defined]


def test_each_step_leads_back_to_the_one_that_is_due(newcomer: Rater, practised: ProtocolVersion) -> None:
    client = logged_in(newcomer.user)
    for address in STEPS[1:]:
        assert client.get(address).url.startswith(STEPS[0])  # type: ignore[attr-defined]
        assert client.post(address, {}).url.startswith(STEPS[0])  # type: ignore[attr-defined]
    newcomer.refresh_from_db()
    assert newcomer.briefed_at is None


def test_a_step_that_the_version_lacks_leads_on(as_vera: Client) -> None:
    for step in ("examples", "practice"):
        assert as_vera.get(reverse(step)).url == "/"  # type: ignore[attr-defined]


def test_all_can_be_read_again_later(as_vera: Client, vera: Rater, practised: ProtocolVersion) -> None:
    for step in ("consent", "background", "briefing", "examples"):
        page = as_vera.get(reverse(step))
        assert page.status_code == 200
        assert "Step " not in re.sub(r"<script.*?</script>", "", page.content.decode(), flags=re.DOTALL)
    before = vera.briefed_at
    as_vera.post(reverse("briefing"))
    vera.refresh_from_db()
    assert vera.briefed_at == before


def test_the_practice_page_does_not_tell_the_references(as_nina: Client, practised: ProtocolVersion) -> None:
    page = as_nina.get(reverse("practice")).content.decode()
    found = re.search(r'<script id="practice-pairs" type="application/json">(.*?)</script>', page)
    assert found
    pairs = json.loads(found[1])
    assert len(pairs) == 3
    assert set(pairs[0]) == {"token", "painting", "clip"}
    for example in practised.examples.all():
        assert example.explanation not in page
        assert example.painting.title not in page


def test_an_answer_is_told_its_reference_once_it_is_given(
    as_nina: Client, newcomer: Rater, practised: ProtocolVersion
) -> None:
    _, left = practice_begin(rater=newcomer, now=NOON)
    told = send(as_nina, left[0].pk, 0.25).json()  # type: ignore[attr-defined]
    assert (told["value"], told["reference"], told["is_last"]) == (0.25, left[0].reference, False)
    assert told["explanation"] == left[0].explanation
    assert len(json.loads(_pairs(as_nina))) == 2


def _pairs(client: Client) -> str:
    page = client.get(reverse("practice")).content.decode()
    found = re.search(r'<script id="practice-pairs" type="application/json">(.*?)</script>', page)
    assert found
    return found[1]


def test_four_people_send_a_practice_mark(
    as_nina: Client,
    as_boris: Client,
    as_admin: Client,
    as_stranger: Client,
    newcomer: Rater,
) -> None:
    _, (pair, *_) = practice_begin(rater=newcomer, now=NOON)
    answers = [send(client, pair.pk) for client in (as_boris, as_admin, as_stranger, as_nina)]
    assert [(answer.status_code, answer.json().get("code")) for answer in answers] == [  # type: ignore[attr-defined]
        (409, "refused"),
        (403, "not_a_rater"),
        (401, "not_authenticated"),
        (200, None),
    ]
    assert PracticeAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"example": "x", "value": 2}, {"example": 1, "value": "NaN"}, {"example": -1, "value": 0.5}]
)
def test_nonsense_is_refused_in_words(as_nina: Client, body: dict[str, object]) -> None:
    answer = as_nina.post(ANSWERS, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["detail"]


def test_a_paused_rater_does_not_practise(as_nina: Client, newcomer: Rater) -> None:
    Rater.objects.filter(pk=newcomer.pk).update(state=RaterState.PAUSED)
    assert as_nina.get(reverse("practice")).status_code == 403
    assert send(as_nina, 1).json()["code"] == "rater_paused"  # type: ignore[attr-defined]


def test_the_background_has_to_be_told_and_says_what_is_missing(newcomer: Rater) -> None:
    step_take(rater=newcomer, step=Step.CONSENT, now=NOON)
    client = logged_in(newcomer.user)
    page = client.post(reverse("background"), {"role": "", "discipline": "", "training_years": "many"})
    assert page.status_code == 422
    for words in ("Please choose one.", "“none” is an answer too", "Enter a whole number."):
        assert words in page.content.decode()
    assert (
        client.post(reverse("background"), {"role": "wizard", "discipline": "x", "training_years": 1}).status_code
        == 422
    )


def test_the_plain_form_goes_through_the_round(as_nina: Client, newcomer: Rater) -> None:
    address = reverse("practice")
    assert as_nina.post(address, {"example": 1, "value": 101}).status_code == 422
    for number in range(3):
        page = as_nina.get(address)
        answer = as_nina.post(address, {"example": page.context["pair"].pk, "value": 50})
        assert answer.status_code == (302 if number == 2 else 200)
    assert answer.url.startswith(reverse("practice-result"))  # type: ignore[attr-defined]
    result = as_nina.get(answer.url).content.decode()  # type: ignore[attr-defined]
    assert "You are ready" in result
    newcomer.refresh_from_db()
    assert newcomer.admitted_at is not None


def test_the_result_without_a_round_leads_on(as_vera: Client, practised: ProtocolVersion) -> None:
    assert as_vera.get(reverse("practice-result")).url == "/"  # type: ignore[attr-defined]
