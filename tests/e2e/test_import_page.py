"""Bringing files in from a browser: dropped, sent in parts through cuts and reloads, imported, reported."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from playwright.sync_api import Browser, FileChooser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from annotation_site.accounts.models import User
from annotation_site.corpus.models import ImportIssue, ImportJob, Painting, Upload
from annotation_site.corpus.tasks import import_source
from annotation_site.jobs.models import JobState
from tests.e2e.conftest import Site
from tests.e2e.stage import LAPTOP, PHONE
from tests.e2e.test_accessibility import serious
from tests.e2e.test_six_steps import finish_job, log_in
from tests.factories import make_admin
from tests.mpd_builder.media_files import gradient, tone, write_picture, write_sound

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

START = "/admin/corpus/importjob/add/"
PART = 5_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder as somebody has one: a painting, a piece of music, a CSV, a zip with a bad file in it, and a letter."""
    root = tmp_path / "works"
    (root / "music").mkdir(parents=True)
    write_picture(root / "night.jpg", gradient(420, 380), form="JPEG")
    write_sound(root / "music" / "dawn.flac", tone(16.0), form="FLAC")
    (root / "paintings.csv").write_text("file,title,artist,licence\nnight.jpg,Night,Ann,CC0-1.0\n")
    write_picture(tmp_path / "day.png", gradient(300, 333))
    with zipfile.ZipFile(root / "more.zip", "w") as archive:
        archive.write(tmp_path / "day.png", "day.png")
        archive.writestr("page.jpg", "<!DOCTYPE html><html>404</html>")
    (root / "letter.docx").write_bytes(b"PK")
    return root


def drop(page: Page, *paths: Path) -> None:
    """Files and folders dropped from the desktop, as the browser itself sees it."""
    zone = page.locator("[data-part=drop]").bounding_box()
    assert zone is not None
    at = {"x": zone["x"] + zone["width"] / 2, "y": zone["y"] + zone["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def count(page: Page) -> Any:
    return page.locator("[data-part=count]")


def send(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Send and import|Go on sending) ")).click()


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(900)
def test_a_dropped_folder_is_sent_imported_and_reported(
    empty_site: Site, browser: Browser, files: Path, screens: Path, tmp_path: Path
):
    page = browser.new_context(viewport=LAPTOP, accept_downloads=True).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    log_in(page, empty_site, "admin")
    page.goto(empty_site.url + START)
    assert serious(page) == [], "the empty page"
    drop(page, files)
    expect(count(page)).to_have_text("5 files")
    expect(page.locator("[data-part=unknown]")).to_contain_text("left out: letter.docx")
    page.get_by_label("Collection").fill("Our works")
    page.get_by_role("radio", name="No", exact=True).check()
    assert serious(page) == [], "with files chosen"
    page.screenshot(path=screens / "import-chosen.png", full_page=True)
    send(page)
    page.wait_for_url(re.compile(r"/importjob/\d+/change/"), timeout=60_000)
    live = finish_job(page, timeout=120_000)
    expect(live).to_contain_text("works/more.zip/page.jpg")
    expect(live).to_contain_text("It is a web page")
    expect(live.locator(".import-strip img")).to_have_count(2)
    assert serious(page) == [], "the import's page"
    page.screenshot(path=screens / "import-done.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    download.value.save_as(tmp_path / "issues.csv")
    with (tmp_path / "issues.csv").open(encoding="utf-8-sig", newline="") as report:
        rows = list(csv.DictReader(report))
    assert [row["file"] for row in rows if row["level"] == "rejected"] == ["works/more.zip/page.jpg"]
    page.locator(".import-strip a", has=page.get_by_alt_text("Night")).click()
    expect(page.get_by_label("Collection")).to_have_value("Our works")
    assert not faults


# --- With the site in this process -------------------------------------------------------------------------------


@pytest.fixture
def ada(transactional_db: None) -> User:
    return make_admin("ada")


@pytest.fixture
def start(
    live_server: LiveServer, browser: Browser, ada: User, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Page]]:
    """Opens the start page as an admin, parts being small and the doorbell silent."""
    monkeypatch.setattr("annotation_site.corpus.admin.starting.PART_BYTES", 2 * PART)
    monkeypatch.setattr("annotation_site.jobs.services.current_app.send_task", lambda *_, **__: None)
    contexts, faults = [], []

    def visit(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": LAPTOP, **options})
        contexts.append(context)
        client = Client()
        client.force_login(ada)
        cookies = [{"name": name, "value": one.value, "url": live_server.url} for name, one in client.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(live_server.url + START)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not faults


def noise(path: Path, size: int) -> bytes:
    data = np.random.default_rng(size).bytes(size)
    path.write_bytes(data)
    return data


def test_a_cut_is_waited_out_and_every_byte_comes_once(
    start: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = {name: noise(tmp_path / name, size) for name, size in (("a.jpg", 43_210), ("b.flac", 12_345), ("c.png", 0))}
    page = start()
    sent: list[str] = []
    mended: list[bool] = []

    def through(route: Route) -> None:
        if sent and not mended:  # from behind the first part until the page has said so
            route.abort("connectionreset")
        else:
            sent.append(route.request.url)
            route.continue_()

    page.route(re.compile(r"/files/\d+/\?offset="), through)
    page.locator("#id_files").set_input_files([tmp_path / name for name in data])
    expect(count(page)).to_have_text("3 files")
    send(page)
    expect(page.locator("[data-part=words]")).to_contain_text("cannot be reached", timeout=30_000)
    mended.append(True)
    page.wait_for_url(re.compile("/change/"), timeout=60_000)
    upload = Upload.objects.get()
    assert {file.name: (file.size, file.received) for file in upload.files.all()} == {
        name: (len(content), len(content)) for name, content in data.items()
    }
    assert len(sent) == len(set(sent)) == 9 + 3, "no part went twice"
    assert ImportJob.objects.get().upload == upload


def test_after_a_reload_the_same_files_go_on_where_they_were(start: Callable[..., Page], tmp_path: Path):
    for name, size in (("a.jpg", 60_000), ("b.jpg", 4_000)):
        noise(tmp_path / name, size)
    page, sent = start(), []
    passing = iter(range(6))

    def through(route: Route) -> None:
        if next(passing, None) is None:
            route.abort("internetdisconnected")
        else:
            sent.append(route.request.url)
            route.continue_()

    page.route(re.compile(r"/files/\d+/\?offset="), through)
    page.locator("#id_files").set_input_files([tmp_path / "a.jpg", tmp_path / "b.jpg"])
    send(page)
    expect(page.locator("[data-part=words]")).to_contain_text("cannot be reached", timeout=10_000)
    page.on("dialog", lambda dialog: dialog.accept())  # "leave the page?", since it is sending
    page.reload()
    expect(page.locator("[data-part=unfinished]")).to_contain_text("You were sending 2 files")
    assert serious(page) == []
    page.unroute_all()
    page.on("request", lambda request: sent.append(request.url) if "offset=" in request.url else None)
    page.locator("#id_files").set_input_files([tmp_path / "a.jpg", tmp_path / "b.jpg"])
    send(page)
    page.wait_for_url(re.compile("/change/"), timeout=30_000)
    assert len(sent) == len(set(sent)) == 12 + 1, "what was there was not sent again"
    assert [file.received for file in Upload.objects.get().files.order_by("name")] == [60_000, 4_000]


def test_other_files_begin_another_upload(start: Callable[..., Page], ada: User, tmp_path: Path):
    noise(tmp_path / "a.jpg", 100)
    page = start()
    page.locator("#id_files").set_input_files(tmp_path / "a.jpg")
    page.route(re.compile(r"/files/\d+/\?offset="), lambda route: route.abort())
    send(page)
    expect(page.locator("[data-part=words]")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-part=words]")).to_contain_text("Paused")
    page.reload()
    page.unroute_all()
    noise(tmp_path / "b.jpg", 200)
    page.locator("#id_files").set_input_files(tmp_path / "b.jpg")
    send(page)
    page.wait_for_url(re.compile("/change/"), timeout=30_000)
    assert [[file.name for file in one.files.all()] for one in Upload.objects.order_by("pk")] == [["a.jpg"], ["b.jpg"]]


def test_what_is_thrown_away_is_gone(start: Callable[..., Page], tmp_path: Path):
    noise(tmp_path / "a.jpg", 100)
    page = start()
    page.locator("#id_files").set_input_files(tmp_path / "a.jpg")
    page.route(re.compile(r"/files/\d+/\?offset="), lambda route: route.abort())
    send(page)
    expect(page.locator("[data-part=words]")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-part=words]")).to_contain_text("Paused")
    page.reload()
    page.get_by_role("button", name="Throw them away").click()
    expect(page.locator("[data-part=unfinished]")).to_have_count(0)
    assert Upload.objects.get().removed_at is not None


def test_the_page_is_worked_by_keyboard(start: Callable[..., Page], tmp_path: Path):
    noise(tmp_path / "a.jpg", 100)
    page = start()
    choosers: list[FileChooser] = []
    # From the beginning: Chromium needs a while to hand them over.
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.get_by_role("radio", name="This computer").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Server folder")).to_be_checked()
    expect(page.get_by_label("Where it lies on the server")).to_be_visible()
    expect(page.locator("[data-part=drop]")).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(100):
        if choosers:
            break
        page.wait_for_timeout(300)
    choosers[0].set_files(tmp_path / "a.jpg")
    expect(page.locator("[data-part=announcement]")).to_have_text("1 file chosen: 1 picture.")
    page.get_by_label("Licence").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/change/"), timeout=30_000)


def test_without_scripts_the_same_page_is_a_plain_form(start: Callable[..., Page], tmp_path: Path):
    noise(tmp_path / "a.jpg", 20_000)
    page = start(java_script_enabled=False)
    page.locator("#id_files").set_input_files(tmp_path / "a.jpg")
    expect(page.get_by_role("button", name="Choose files")).to_be_hidden()
    page.get_by_role("button", name="Start import").click()
    expect(page).to_have_url(re.compile("/change/"))
    assert [(file.name, file.received) for file in Upload.objects.get().files.all()] == [("a.jpg", 20_000)]


def test_files_that_went_away_do_not_hold_up_the_rest(start: Callable[..., Page], tmp_path: Path):
    noise(tmp_path / "a.jpg", 20_000)
    noise(tmp_path / "b.jpg", 100)
    page = start()
    page.locator("#id_files").set_input_files([tmp_path / "a.jpg", tmp_path / "b.jpg"])
    noise(tmp_path / "a.jpg", 30_000)
    send(page)
    expect(page.locator(".import-file[data-state=failed]")).to_contain_text("cannot be read any more", timeout=20_000)
    assert serious(page) == []
    page.get_by_role("button", name="Import what is here").click()
    page.wait_for_url(re.compile("/change/"), timeout=30_000)
    assert [file.name for file in Upload.objects.get().files.all()] == ["b.jpg"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_nothing_serious_for_axe(start: Callable[..., Page], files: Path, scheme: str, size: dict[str, int]):
    page = start(viewport=size, color_scheme=scheme)
    assert serious(page) == []
    for kind in ("WikiArt", "Server zip"):
        page.locator(".import-kind", has_text=kind).click()
        assert serious(page) == [], kind
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_text("Name the zip file")).to_be_visible()
    assert serious(page) == [], "a mistake"
    page.locator(".import-kind", has_text="This computer").click()
    drop(page, files)
    expect(count(page)).to_have_text("5 files")
    assert serious(page) == [], "chosen"
    send(page)
    page.wait_for_url(re.compile("/change/"), timeout=30_000)
    assert serious(page) == [], "queued"
    import_source(ImportJob.objects.get().pk)
    finish_job(page, timeout=20_000)
    assert serious(page) == [], "done"
    assert ImportJob.objects.get().state == JobState.DONE
    assert Painting.objects.count() == 2
    assert [issue.file for issue in ImportIssue.objects.filter(level="rejected")] == ["works/more.zip/page.jpg"]
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"], "nothing sticks out"
