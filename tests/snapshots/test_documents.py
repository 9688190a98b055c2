"""Texts of a snapshot as HTML: nothing in them runs, and links lead to the snapshot's own files or nowhere."""

from __future__ import annotations

import pytest

from annotation_site.snapshots.documents import document_html

FILES = {"LICENSE.md", "figures/scores.svg", "data/pairs-train.parquet"}


def html_of(text: str) -> str:
    return document_html(text, files=FILES, address=lambda name: f"/at/{name}")


def test_front_matter_is_not_shown_and_the_rest_is() -> None:
    html = html_of("---\nlicense: other\nconfigs:\n- a\n---\n# Title\n\nOne.\n\n---\n\nTwo.\n")
    assert "license" not in html
    assert "<h1>Title</h1>" in html
    assert html.count("<hr") == 1
    assert "Two." in html


def test_tables_are_tables() -> None:
    assert '<table tabindex="0">' in html_of("| a | b |\n|---|---:|\n| 1 | 2 |\n")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "![a](javascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
    ],
)
def test_nothing_in_a_text_runs(text: str) -> None:
    html = html_of(text)
    for part in (
        "<script",
        "<img src=x",
        'href="javascript',
        'href="JaVa',
        'src="javascript',
        'href="data',
        'href="vb',
    ):
        assert part not in html


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[a](LICENSE.md)", 'href="/at/LICENSE.md"'),
        ("[a](./LICENSE.md#top)", 'href="/at/LICENSE.md"'),
        ("![a](figures/scores.svg)", 'src="/at/figures/scores.svg"'),
        ("[a](https://example.org/x)", 'href="https://example.org/x" rel="noopener noreferrer"'),
        ("[a](#below)", 'href="#below"'),
        ("[a](../../etc/passwd)", 'href=""'),
        ("[a](/admin/logout/)", 'href=""'),
        ("![a](https://example.org/pixel.png)", 'src=""'),
        ("![a](//example.org/pixel.png)", 'src=""'),
    ],
)
def test_links_lead_to_the_snapshots_own_files(text: str, part: str) -> None:
    assert part in html_of(text)
