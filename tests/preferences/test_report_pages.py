"""The pages of the preference report: who sees them, what they say, how they follow."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.models import Painting, Track
from annotation_site.preferences.models import Vote
from annotation_site.preferences.report.computing import report_compute
from annotation_site.preferences.report.numbers import report_as_dict
from annotation_site.preferences.report.words import percent, ranks_words
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_clip, make_rater, make_task, make_user
from tests.preferences.leaning import leaning_campaign
from tests.preferences.worked import Worked, ambiguous, cast, worked_campaign

pytestmark = pytest.mark.django_db

REPORT, NUMBERS, QUERY = "/admin/preferences/report/", "/admin/preferences/report/numbers/", "/admin/preferences/query/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def worked() -> Worked:
    cache.clear()
    return worked_campaign()


@pytest.fixture
def ada(db: None) -> Client:
    cache.clear()
    client = Client()
    client.force_login(make_admin())
    return client


def words_of(page: str) -> str:
    """What is to be read, without tags and scripts and with single spaces."""
    main = re.sub(r"<(script|style).*?</\1>", " ", page[page.find("</nav>") :], flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_they_stand_in_the_panel_under_their_names(ada: Client) -> None:
    names = ("admin:preferences_report", "admin:preferences_report_numbers", "admin:preferences_query")
    assert [reverse(name) for name in names] == [REPORT, NUMBERS, QUERY]
    assert f'href="{REPORT}"' in ada.get("/admin/").text


@pytest.mark.parametrize("address", [REPORT, NUMBERS, QUERY])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["whole", "live"])
def test_only_admins_see_any_of_it(worked: Worked, ada: Client, address: str, headers: dict[str, str]) -> None:
    """Raters stay blind: not even those who voted reach it, nor staff without the right to see votes."""
    asked = {"campaign": "winter", "query": worked.clip.key}
    assert ada.get(address, asked, headers=headers).status_code == 200
    for user in (worked.raters[0].user, make_rater().user, make_user(is_staff=True)):
        client = Client()
        client.force_login(user)
        answer = client.get(address, asked, headers=headers, follow=True)
        assert answer.status_code == 403
        assert worked.raters[0].code not in answer.text
    stranger = Client().get(address, asked, headers=headers)
    assert (stranger.status_code, stranger["Location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("address", [REPORT, NUMBERS, QUERY])
def test_they_only_show(worked: Worked, ada: Client, address: str) -> None:
    assert ada.post(address, {"campaign": "winter"}).status_code == 405


def test_the_page_shows_the_numbers_worked_out_by_hand(worked: Worked, ada: Client) -> None:
    told = words_of(ada.get(REPORT).text)
    assert "Music to painting, kept 3 of 4 tasks 1 open, 0 undecided" in told
    assert "Painting to music, kept 3 of 3 tasks" in told
    assert "Votes 20 by 3 raters" in told
    assert "Unanimous 50.0 % of 6 tasks with 3 votes or more" in told
    assert "tossing coins gives 25.0 %" in told
    assert "Krippendorff's alpha 0.415" in told
    assert "Left chosen 65.0 %" in told
    assert "Cycles 50.0 % 1 of 2 triads" in told
    assert "Of 2 triads, 1 is a cycle (50.0 %). Tossing coins gives 25 %." in told
    assert "Ambiguous pairs: 7, on 4 clips." in told
    assert "They allow 6 tasks. Of these, 4 exist and 2 can still be made." in told


def test_the_page_shows_what_the_pure_functions_say(worked: Worked, ada: Client) -> None:
    report = report_compute(campaign=worked.campaign, now=NOON)
    told = words_of(ada.get(REPORT).text)
    for row in report.raters:
        share, left = row.agreement, row.left.left
        assert f"{percent(share.value)} of {share.n}" in told
        assert f"{percent(left.value)} of {left.n}" in told
    assert ranks_words(report.ranks) in told
    for row in report.queries:
        for ability, error in zip(row.scale.abilities, row.scale.errors, strict=True):
            assert f"{ability:+.2f} ± {error:.2f}" in told


def test_a_rater_who_leans_is_pointed_out_in_words(worked: Worked, ada: Client) -> None:
    page = words_of(ada.get(REPORT).text)
    words = "chooses left more often than chance allows: 100 % of 7"
    assert page.count(words) == 2  # in the list of findings, and in the rater's own row
    assert f"{worked.raters[0].code} {words}." in page
    assert page.count("within what chance allows") >= 3


def test_a_panel_with_a_side_bias_of_5_percent_is_flagged_at_a_thousand_votes(ada: Client) -> None:
    """A rater who answers "left" unseen in 10 % of the votes chooses left in 55 %."""
    campaign = leaning_campaign(0.1)
    told = words_of(ada.get(REPORT, {"campaign": campaign.slug}).text)
    assert "All together chose left more often than chance allows: in 54.9 % of 1,002 votes" in told
    assert "All votes are simulated." in told


def test_a_panel_without_a_side_bias_is_not(ada: Client) -> None:
    told = words_of(ada.get(REPORT, {"campaign": leaning_campaign(0.0).slug}).text)
    assert "more often than chance allows" not in told
    assert "within what chance allows" in told


def test_cycles_lead_to_their_tasks_and_candidates_to_their_pages(worked: Worked, ada: Client) -> None:
    page = ada.get(REPORT).text
    for letters in ("AB", "BC", "CA"):
        assert f'href="{reverse("admin:preferences_preferencetask_change", args=[worked.tasks[letters].pk])}"' in page
    for letter in "ABCD":
        painting = worked.pairs[letter].painting
        assert f'href="{reverse("admin:corpus_painting_change", args=[painting.pk])}"' in page
        assert painting.thumbnail.url in page
    assert worked.pairs["x"].clip.audio.url in page


def test_whether_maximum_likelihood_is_finite_is_said(worked: Worked, ada: Client) -> None:
    page = words_of(ada.get(REPORT).text)
    assert page.count("finite with the prior only") == 2
    assert "finite without the prior" not in page
    cast(worked.tasks["CD"], worked.raters[2], "b", is_left=True)  # now D has won once, but x never
    cache.clear()
    page = words_of(ada.get(REPORT).text)
    assert (page.count("finite without the prior"), page.count("finite with the prior only")) == (1, 1)


def test_a_query_can_be_put_into_the_chart(worked: Worked, ada: Client) -> None:
    all_together = ada.get(REPORT)
    assert "all queries" in all_together.text
    assert len(all_together.context["points"]) == 7
    one = ada.get(REPORT, {"campaign": "winter", "query": worked.painting.key})
    assert sorted(x for x, _ in one.context["points"]) == [0.42, 0.5, 0.58]
    assert "one query" in one.text
    assert ada.get(REPORT, {"campaign": "winter", "query": "c_nothing"}).status_code == 404


def test_scales_come_page_by_page(ada: Client) -> None:
    campaign, raters = make_campaign(slug="wide"), [make_rater() for _ in range(3)]
    for _ in range(11):
        clip = make_clip()
        pairs = [ambiguous(campaign, clip=clip) for _ in range(3)]
        for first, second in ((0, 1), (1, 2)):
            task = make_task(pair_a=pairs[first], pair_b=pairs[second])
            for rater in raters:
                cast(task, rater, "a", is_left=False)
    first, second = (ada.get(REPORT, {"campaign": "wide", "page": number}) for number in (1, 2))
    assert [len(page.context["scales"]) for page in (first, second)] == [10, 1]
    assert "11 scales, the largest first" in words_of(first.text)
    assert 'aria-label="Page 2"' in first.text
    assert ada.get(REPORT, {"campaign": "wide", "page": "99"}).context["page"].number == 2


def test_the_query_page_shows_everything_asked_about_it(worked: Worked, ada: Client) -> None:
    page = ada.get(QUERY, {"campaign": "winter", "query": worked.clip.key}).text
    told = words_of(page)
    assert "Which painting fits this music better?" in told
    assert "4 tasks, 11 votes." in told
    assert worked.clip.audio.url in page
    assert "Maximum likelihood has no finite answer here" in told
    a, b = (str(worked.pairs[letter].painting) for letter in "AB")
    for words, cell in ((f"{a} 2, {b} 1", "2–1"), (f"{b} 1, {a} 2", "1–2")):
        assert re.search(rf'aria-label="{words}">{cell}</a>', page)
    assert re.search(r'class="report-cell is-open"[^>]*>2–0</a>', page)  # C against D: two votes, not decided
    assert "Of 2 triads" not in told
    assert "Of 1 triad, 1 is a cycle." in told


def test_the_query_page_plays_the_clips_that_a_painting_was_compared_with(worked: Worked, ada: Client) -> None:
    page = ada.get(QUERY, {"campaign": "winter", "query": worked.painting.key}).text
    assert "Which music fits this painting better?" in page
    assert worked.painting.display.url in page
    assert page.count("data-player") == 3
    for letter in "xyz":
        assert worked.pairs[letter].clip.audio.url in page


def test_what_has_no_files_any_more_is_named_and_not_shown(worked: Worked, ada: Client) -> None:
    Painting.objects.update(media_removed_at=NOON, withdrawn_at=NOON)
    Track.objects.update(media_removed_at=NOON, withdrawn_at=NOON)
    for address, query in ((REPORT, ""), (QUERY, worked.clip.key), (QUERY, worked.painting.key)):
        page = ada.get(address, {"campaign": "winter", "query": query})
        assert page.status_code == 200
        assert "data-player" not in page.text
        assert "corpus-thumb" not in page.text.replace("corpus-thumb report-gone", "")
        assert "deleted" in page.text


def test_a_query_of_two_candidates_has_no_scale_and_says_so(ada: Client) -> None:
    campaign, clip = make_campaign(slug="narrow"), make_clip()
    task = make_task(pair_a=ambiguous(campaign, clip=clip), pair_b=ambiguous(campaign, clip=clip))
    for vote in (False, True):
        if vote:
            cast(task, make_rater(), "a", is_left=True)
        told = words_of(ada.get(QUERY, {"campaign": "narrow", "query": clip.key}).text)
        assert ("Nobody has voted on any of them yet." in told) is not vote
        assert ("No scale yet: that takes three candidates" in told) is vote
        assert "On no scale" in told


def test_what_is_not_there_is_not_found(worked: Worked, ada: Client) -> None:
    for address in (REPORT, NUMBERS, QUERY):
        assert ada.get(address, {"campaign": "spring"}).status_code == 404
    assert ada.get(QUERY, {"campaign": "winter", "query": "c_nothing"}).status_code == 404
    assert ada.get(QUERY, {"campaign": "winter"}).status_code == 404


def test_without_a_campaign_it_says_what_to_do(ada: Client) -> None:
    assert "Nothing to measure yet" in ada.get(REPORT).text
    assert ada.get(NUMBERS).status_code == 404


def test_an_empty_campaign_and_one_without_votes_say_so_and_never_nan(ada: Client) -> None:
    campaign, clip = make_campaign(slug="empty"), make_clip()
    page = words_of(ada.get(REPORT).text)
    assert "There is no preference task in this campaign yet." in page
    assert "No pair is ambiguous yet." in page
    make_task(pair_a=ambiguous(campaign, clip=clip), pair_b=ambiguous(campaign, clip=clip))
    cache.clear()
    page = words_of(ada.get(REPORT).text)
    for words in ("Nobody has voted yet.", "undefined", "There is no triad yet", "There are no votes."):
        assert words in page
    assert not re.search(r"\b(nan|None)\b", page)
    cast(campaign.tasks.get(), make_rater(), "a", is_left=True)
    cache.clear()
    assert "There are too few votes." in words_of(ada.get(REPORT).text)


def test_the_live_part_is_the_numbers_alone_and_says_nothing_when_nothing_is_new(worked: Worked, ada: Client) -> None:
    part = ada.get(REPORT, {"campaign": "winter"}, headers=HTMX)
    assert part.text.lstrip().startswith('<div id="preference-report"')
    assert "<html" not in part.text
    assert "data-player" not in part.text
    seen = part.context["seen"]
    assert ada.get(REPORT, {"campaign": "winter", "seen": seen}, headers=HTMX).status_code == 204
    assert ada.get(REPORT, {"campaign": "winter", "seen": "earlier"}, headers=HTMX).status_code == 200


def test_the_file_holds_every_number(worked: Worked, ada: Client) -> None:
    answer = ada.get(NUMBERS, {"campaign": "winter"})
    assert answer["Content-Type"] == "application/json"
    assert re.fullmatch(r'attachment; filename="preferences-winter-\d{8}-\d{6}\.json"', answer["Content-Disposition"])
    told, fresh = answer.json(), report_as_dict(report=report_compute(campaign=worked.campaign, now=NOON))
    del told["computed_at"], fresh["computed_at"]
    assert told == json.loads(json.dumps(fresh))
    assert told["votes"] == Vote.objects.count() == 20
    assert "vera" not in answer.text
