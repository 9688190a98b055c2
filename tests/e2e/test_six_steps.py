"""The whole loop as its people do it: a rater and an admin, a real browser, a running site with a real worker.

Each step leaves a screenshot in `tests/e2e/screens/`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import REPO_ROOT
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.services]

LAPTOP = {"width": 1366, "height": 768}
HEARD_MS = 40_000
TRAINED_MS = 180_000


def log_in(page: Page, site: Site, role: str) -> None:
    username, password = site.logins[role]
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.locator("main form button, main form [type=submit]").first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def rows(site: Site, question: str) -> list[tuple[Any, ...]]:
    """What the site's own database says."""
    if site.database_url:
        with closing(psycopg2.connect(site.database_url)) as database, database.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()
    with closing(sqlite3.connect(f"file:{site.state / 'db.sqlite3'}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


def state_of(page: Page, state: str, *, timeout: float) -> None:
    expect(page.locator("main[data-state]")).to_have_attribute("data-state", state, timeout=timeout)


def turn_the_sound_on(page: Page) -> None:
    page.get_by_role("button", name="Play the test tone").click()
    page.get_by_role("button", name="I hear it well, begin").click()


def origin(page: Page) -> str:
    """The site's address, wherever the page is."""
    return "/".join(page.url.split("/")[:3])


def finish_job(page: Page, *, timeout: float) -> Locator:
    """Waits for the job's page, which is never reloaded, to say that it is done."""
    live = page.locator(".jobs-live")
    expect(live).to_have_attribute("data-state", re.compile("done|failed|cancelled"), timeout=timeout)
    expect(live).to_have_attribute("data-state", "done")
    return live


@pytest.mark.timeout(1500)
def test_the_six_steps(running_site: Site, browser: Browser, screens: Path, tmp_path: Path):
    site = running_site
    rater = browser.new_context(viewport=LAPTOP).new_page()
    admin = browser.new_context(viewport=LAPTOP, accept_downloads=True).new_page()
    problems: list[str] = []
    for page in (rater, admin):
        page.on("pageerror", lambda error: problems.append(str(error)))

    log_in(admin, site, "admin")
    admin.goto(f"{site.url}/admin/reliability/")
    ratings_before = figure(admin, "Ratings")

    score_a_pair(rater, site, screens)
    watch_reliability(admin, ratings_before, screens)
    vote_on_a_task(rater, site, screens)
    export_and_verify(admin, screens, tmp_path)
    train(admin, site, screens)
    promote_and_rescore(admin, screens)
    ask_the_judge(admin, screens)
    see_what_the_model_asks(invite(admin, browser), site, screens)
    assert not problems


def score_a_pair(page: Page, site: Site, screens: Path) -> None:
    """Step 1: log in, agree, hear the clip, see the painting, score it; the fifth rating closes the pair."""
    before = rows(site, "SELECT count(*) FROM scoring_pair WHERE completed_at IS NOT NULL")[0][0]
    log_in(page, site, "rater")
    page.goto(f"{site.url}/score/demo/")
    agree(page)
    page.goto(f"{site.url}/score/demo/")
    turn_the_sound_on(page)
    state_of(page, "playing", timeout=20_000)
    expect(page.get_by_role("button", name="Submit")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("slider", name="How well do").press("ArrowRight")
    page.get_by_role("slider", name="How well do").press("PageUp")
    page.screenshot(path=screens / "1-score.png")
    state_of(page, "heard", timeout=HEARD_MS)
    first = page.locator("[data-part=wall] img").get_attribute("src")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", first or "", timeout=10_000)
    expect(page.locator("main[data-network]")).to_have_attribute("data-network", "empty", timeout=10_000)

    mine = rows(
        site,
        "SELECT r.state, r.played_ms, r.value, p.rating_count, p.score FROM scoring_rating r"
        " JOIN scoring_pair p ON p.id = r.pair_id WHERE NOT r.is_simulated",
    )
    assert len(mine) == 1
    state, played_ms, value, count, score = mine[0]
    assert state == "counted"
    assert 14_500 <= played_ms <= 16_000
    assert 0 <= value <= 1
    assert count == 5
    assert score is not None
    assert rows(site, "SELECT count(*) FROM scoring_pair WHERE completed_at IS NOT NULL")[0][0] == before + 1


def figure(page: Page, label: str) -> str:
    card = page.locator(".atelier-figure", has=page.get_by_text(label, exact=True))
    return card.locator("strong").inner_text()


def watch_reliability(page: Page, ratings_before: str, screens: Path) -> None:
    """Step 2: the page that was open all along shows one rating more, without reloading."""
    card = page.locator(".atelier-figure", has=page.get_by_text("Ratings", exact=True))
    expect(card.locator("strong")).not_to_have_text(ratings_before, timeout=20_000)
    assert float(figure(page, "Krippendorff's alpha")) == pytest.approx(0.86, abs=0.03)
    page.screenshot(path=screens / "2-reliability.png", full_page=True)


def vote_on_a_task(page: Page, site: Site, screens: Path) -> None:
    """Step 3: ambiguous pairs have become tasks in both directions; a third vote decides one."""
    directions = {row[0] for row in rows(site, "SELECT DISTINCT direction FROM preferences_preferencetask")}
    assert directions == {"music->painting", "painting->music"}
    page.goto(f"{site.url}/prefer/demo/")
    turn_the_sound_on(page)
    choose = page.locator("[data-choose=left]")
    state_of(page, "heard", timeout=2 * HEARD_MS)  # one clip, or two that play one after the other by themselves
    page.keyboard.press("ArrowLeft")
    expect(choose).to_have_attribute("aria-pressed", "true")
    page.screenshot(path=screens / "3-prefer.png")
    page.keyboard.press("Enter")
    expect(choose).to_have_attribute("aria-pressed", "false", timeout=10_000)
    expect(page.locator("main[data-network]")).to_have_attribute("data-network", "empty", timeout=10_000)
    decided = rows(
        site,
        "SELECT t.state, t.votes_a + t.votes_b, t.winner FROM preferences_vote v"
        " JOIN preferences_preferencetask t ON t.id = v.task_id WHERE NOT v.is_simulated",
    )
    assert len(decided) == 1
    assert decided[0][:2] == ("kept", 3)
    assert decided[0][2] in ("a", "b")


def export_and_verify(page: Page, screens: Path, tmp_path: Path) -> None:
    """Step 4: a snapshot from the panel, followed live, downloaded and verified by the command line."""
    page.goto(f"{origin(page)}/admin/snapshots/snapshot/add/")
    page.get_by_role("link", name="demo", exact=True).click()
    page.get_by_role("button", name=re.compile("export|seal|start", re.IGNORECASE)).last.click()
    finish_job(page, timeout=120_000)
    page.screenshot(path=screens / "4-snapshot.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("download", re.IGNORECASE)).first.click()
    archive = tmp_path / "snapshot.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tmp_path / "unpacked")
    inside = next((tmp_path / "unpacked").rglob("manifest.json")).parent
    done = subprocess.run(
        [sys.executable, "-m", "mpd_builder", "verify", str(inside)],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def train(page: Page, site: Site, screens: Path) -> None:
    """Step 5: a setting is changed by its field; the loss curve moves without reloading; then the report."""
    page.get_by_role("link", name=re.compile("Train on this snapshot")).click()
    page.get_by_role("radio", name=re.compile("^Tiny")).check()
    page.locator("#settings-optim summary").click()
    page.get_by_label("Learning rate", exact=True).fill("0.003")
    page.get_by_role("button", name="Start training").click()
    curve = page.locator(".training-loss path.chart-line").first
    curve.wait_for(state="attached", timeout=60_000)
    early = curve.get_attribute("d") or ""
    expect(curve).not_to_have_attribute("d", early, timeout=30_000)
    page.screenshot(path=screens / "5-training.png")
    live = finish_job(page, timeout=TRAINED_MS)
    ((recipe, overrides),) = rows(site, "SELECT recipe, CAST(overrides AS text) FROM training_trainingrun")
    assert (recipe, json.loads(overrides)) == ("tiny", {"optim.lr": 0.003})
    expect(live.get_by_text("New painting, new track in the test split")).to_be_visible()
    expect(live.locator(".atelier-strong").first).to_contain_text("MPJudge")
    expect(live.locator(".run-drawings svg").first).to_be_visible()
    expect(live.locator(".run-maps li")).not_to_have_count(0)
    page.screenshot(path=screens / "5-trained.png", full_page=True)


def promote_and_rescore(page: Page, screens: Path) -> None:
    """Step 6, the admin's half: promote the run, let it score unrated pairs, approve the batch that it proposes."""
    page.get_by_role("link", name="Promote").click()
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_text("MPJudge v1", exact=False).first).to_be_visible()
    page.goto(f"{origin(page)}/admin/rescoring/rescoring/add/")
    page.get_by_role("button", name="Start rescoring").click()
    finish_job(page, timeout=120_000)
    page.screenshot(path=screens / "6-rescoring.png", full_page=True)
    page.get_by_role("link", name=re.compile("^Proposal ")).click()
    finish_job(page, timeout=120_000)
    page.screenshot(path=screens / "6-proposal.png", full_page=True)
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* pairs asked of raters"))).to_be_visible(timeout=20_000)


def ask_the_judge(page: Page, screens: Path) -> None:
    """Beside the loop: the version that was promoted judges two paintings of the corpus with a piece of music."""
    page.goto(f"{origin(page)}/judge/")
    for what, field in (("Some paintings", "paintings"), ("Some music", "track")):
        page.get_by_role("button", name=what).click()
        choices = page.locator(f"[name={field}]:not([value=''])")
        expect(choices.nth(1)).to_be_visible(timeout=20_000)
        choices.first.check()
        if field == "paintings":
            choices.nth(1).check()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name="2 paintings for one piece of music")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("MPJudge v1")).to_be_visible()
    expect(page.locator(".judge-film .layer")).to_have_count(3)
    page.screenshot(path=screens / "6-judged.png", full_page=True)


def invite(page: Page, browser: Browser) -> Page:
    """An admin's invitation, accepted: the page of a second rater, who has consented and been briefed."""
    page.goto(f"{origin(page)}/admin/accounts/invitation/add/")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    link = page.locator("input[readonly]").input_value()
    guest = browser.new_context(viewport=LAPTOP).new_page()
    guest.goto(link)
    guest.locator("input[name=username]").fill("vera")
    for field in guest.locator("input[type=password]").all():
        field.fill("ochre-and-oboe-42")
    guest.get_by_role("button", name="Make the account").click()
    guest.wait_for_url(lambda url: "/join/" not in url)
    return guest


def agree(page: Page) -> None:
    """All that comes before the first pair: consent, background, briefing, worked examples, practice."""
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree and go on").click()
    page.get_by_label("What describes you best?").select_option("artist")
    page.get_by_label("What did you train in?").fill("painting")
    page.get_by_label("For how many years?").fill("9")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="I am ready").click()
    page.get_by_role("button", name="On to the practice").click()
    practise(page)
    page.get_by_role("link", name="To your work").click()


def practise(page: Page) -> None:
    """Two practice pairs with their real sound, each answered with its reference."""
    turn_the_sound_on(page)
    for words in ("Next pair", "See how it went"):
        state_of(page, "heard", timeout=40_000)
        page.keyboard.press("5")
        page.keyboard.press("Enter")
        state_of(page, "told", timeout=10_000)
        page.get_by_role("button", name=words).click()


def see_what_the_model_asks(page: Page, site: Site, screens: Path) -> None:
    """Step 6, the raters' half: the pairs of the approved batch come up next."""
    asked = rows(site, "SELECT count(*) FROM scoring_pair WHERE origin != 'random'")
    assert asked == rows(site, "SELECT n_asked FROM training_rescoring") != [(0,)]
    page.goto(f"{site.url}/score/demo/")
    agree(page)
    page.goto(f"{site.url}/score/demo/")
    turn_the_sound_on(page)
    state_of(page, "playing", timeout=20_000)
    page.screenshot(path=screens / "6-next.png")
    held = rows(
        site,
        "SELECT p.origin FROM scoring_slot s JOIN scoring_pair p ON p.id = s.pair_id"
        " JOIN accounts_rater r ON r.id = s.rater_id JOIN accounts_user u ON u.id = r.user_id"
        " WHERE s.state = 'leased' AND u.username = 'vera'",
    )
    assert held
    assert {origin for (origin,) in held} <= {"model", "control"}
