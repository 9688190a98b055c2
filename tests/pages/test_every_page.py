"""What holds for every page that a rater sees: nothing inline, nothing missing, nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views.defaults import bad_request, page_not_found, permission_denied, server_error

from annotation_site.scoring.models import Pair
from tests import factories

PAGES = (
    "/",
    "/welcome/consent/",
    "/welcome/background/",
    "/welcome/briefing/",
    "/me/",
    "/me/withdraw/",
    "/me/",
    "/me/withdraw/",
    "/score/winter/",
    "/prefer/winter/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/nowhere/",
)
ENTRANCE = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/join/not-a-token/")


class Tags(HTMLParser):
    """Every tag with its attributes, and the text inside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            kind = self.tags[-1][1].get("type", "")
            if not kind.endswith("json"):
                self.inline.append(data)


@pytest.fixture
def winter(db) -> Pair:
    campaign = factories.make_campaign(slug="winter", is_synthetic=True)
    clip = factories.make_clip()
    pairs = [
        factories.make_pair(campaign=campaign, clip=clip, score=0.5, dispersion=0.1, completed_at=campaign.created_at)
        for _ in "ab"
    ]
    factories.make_task(pair_a=pairs[0], pair_b=pairs[1])
    return factories.make_pair(campaign=campaign)


def pages(as_vera: Client, as_stranger: Client) -> dict[str, str]:
    found = {address: as_vera.get(address).content.decode() for address in PAGES}
    found |= {address: as_stranger.get(address).content.decode() for address in ENTRANCE}
    assert all("</html>" in page for page in found.values()), "each of them is a page"
    return found


def test_no_page_has_inline_script_or_style(as_vera: Client, as_stranger: Client, winter: Pair):
    for address, page in pages(as_vera, as_stranger).items():
        parsed = Tags(page)
        assert not parsed.inline, address
        for tag, attributes in parsed.tags:
            handlers = [name for name in attributes if name.startswith("on") or name == "style"]
            assert not handlers, f"{address}: <{tag}> has {handlers}"


def test_every_file_that_a_page_asks_for_is_there_and_ours(as_vera: Client, as_stranger: Client, winter: Pair):
    for address, page in pages(as_vera, as_stranger).items():
        for tag, attributes in Tags(page).tags:
            source = attributes.get("src") if tag in ("script", "img", "audio") else None
            source = attributes.get("href") if tag == "link" else source
            if source is None or source.startswith(("/media/", "data:")):
                continue
            assert source.startswith("/static/"), f"{address} asks for {source}"
            assert finders.find(source.removeprefix("/static/")), f"{address}: {source} is not there"


def test_every_form_carries_its_secret_and_every_page_a_title(as_vera: Client, as_stranger: Client, winter: Pair):
    for address, page in pages(as_vera, as_stranger).items():
        posts = [
            attributes for tag, attributes in Tags(page).tags if (tag, attributes.get("method")) == ("form", "post")
        ]
        assert page.count('name="csrfmiddlewaretoken"') == len(posts), address
        assert re.search(r"<title>[^<]+</title>", page), address
        assert 'lang="en"' in page, address


@pytest.mark.parametrize("module", ["score", "prefer", "briefing", "practice", "examples"])
def test_every_module_that_a_module_imports_is_there(module):
    seen, left = set(), [module + ".js"]
    while left:
        name = left.pop()
        path = finders.find(f"js/{name}")
        assert path, f"js/{name} is not there"
        seen.add(name)
        with open(path) as file:
            left += set(re.findall(r'from "\./([\w.]+)"', file.read())) - seen
    assert len(seen) > 1


def test_the_desks_use_greys_only():
    with open(str(finders.find("css/tokens.css"))) as file:
        tokens = dict(re.findall(r"--([\w-]+):\s*light-dark\(([^)]+)\)", file.read()))
    for name in ("wall", "desk", "desk-ink", "desk-soft", "desk-line", "desk-line-strong", "wall-ink"):
        for colour in tokens[name].split(","):
            red, green, blue = re.fullmatch(r"#(..)(..)(..)", colour.strip()).groups()  # type: ignore[union-attr]
            assert red == green == blue, f"--{name} is not neutral: {colour}"
    assert tokens["wall"] == "#767676, #303030"
    for sheet in ("desk", "scoring", "preferences"):
        with open(str(finders.find(f"css/{sheet}.css"))) as file:
            assert not re.search(r"#[0-9a-f]{3,8}\b", file.read(), re.IGNORECASE), f"{sheet}.css names a colour itself"


def test_an_error_page_needs_neither_request_nor_database():
    assert "Something broke on our side" in render_to_string("500.html")


@pytest.mark.parametrize(
    ("view", "arguments", "words"),
    [
        (bad_request, {"exception": ValueError()}, "made no sense"),
        (permission_denied, {"exception": Exception("Only for painters.")}, "Only for painters."),
        (permission_denied, {"exception": Exception()}, "has no access"),
        (page_not_found, {"exception": Exception()}, "Nothing hangs at this address"),
        (server_error, {}, "Something broke on our side"),
    ],
)
def test_errors_speak_to_a_person(db, view, arguments, words):
    page = view(RequestFactory().get("/"), **arguments)
    assert words in page.content.decode()
    assert "Traceback" not in page.content.decode()


def test_a_stale_form_is_told_what_to_do(db):
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/login/", {"login": "vera", "password": "x"})
    assert page.status_code == 403
    assert "The form had grown old" in page.content.decode()
