"""Files of a sealed snapshot, one by one: every one that the seal lists, and nothing else, whatever is asked for."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from django.test import Client

from annotation_site.snapshots.files import NoSuchFile, file_open, files_of
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder
from tests.factories import make_admin
from tests.snapshots.exported import content_of, logged_in, sealed_snapshot, url
from tests.snapshots.judged_campaign import judged_campaign

pytestmark = pytest.mark.django_db

HOSTILE = [
    "",
    ".",
    "..",
    "data",
    "data/",
    "../secret",
    "data/../README.md",
    "data/../../secret",
    "./README.md",
    "//etc/passwd",
    "/etc/passwd",
    "data//ratings.parquet",
    "README.md\x00",
    "README.md\n",
    "data\\ratings.parquet",
    "..%2fsecret",
    "secret",
    "media/paintings/\u2024\u2024/x",
]
"""Names that the seal does not list."""


@pytest.fixture
def sealed() -> Snapshot:
    return sealed_snapshot(judged_campaign().campaign)


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


def test_the_list_has_every_file_with_its_own_size_and_digest(sealed: Snapshot, admin: Client) -> None:
    folder = snapshot_folder(sealed)
    files = files_of(sealed)
    on_disk = {str(place.relative_to(folder)) for place in folder.rglob("*") if place.is_file()}
    assert {file.name for file in files} == on_disk - {"SHA256SUMS"}
    for file in files:
        content = (folder / file.name).read_bytes()
        assert (file.n_bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest()), file.name
    rows = {file.name: file.n_rows for file in files}
    assert rows["data/ratings.parquet"] == 60
    assert rows["README.md"] is None
    page = admin.get(url("files", sealed.pk)).text
    assert all(file.sha256 in page for file in files)
    tables = admin.get(url("files", sealed.pk), {"group": "Tables"}).text
    assert ("data/ratings.parquet" in tables, "README.md" in tables) == (True, False)
    assert admin.get(url("files", sealed.pk), {"group": "x", "page": "999"}).status_code == 200


def test_a_table_alone_is_parquet_and_resumes(sealed: Snapshot, admin: Client) -> None:
    address = url("file", sealed.pk, "data/ratings.parquet")
    whole = admin.get(address)
    content = content_of(whole)
    assert len(pd.read_parquet(io.BytesIO(content))) == 60
    assert whole["Content-Disposition"] == 'attachment; filename="ratings.parquet"'
    assert whole["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    rest = admin.get(address, headers={"Range": "bytes=100-", "If-Range": whole["ETag"]})
    assert (rest.status_code, content_of(rest)) == (206, content[100:])
    assert admin.get(address, headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def test_what_a_browser_might_show_is_locked_in(sealed: Snapshot, admin: Client) -> None:
    kept = admin.get(url("file", sealed.pk, "README.md"))
    shown = admin.get(url("figure", sealed.pk, "scores.svg"))
    for response in (kept, shown):
        assert response["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert response["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in kept["Content-Disposition"]
    assert (shown["Content-Type"], "Content-Disposition" in shown) == ("image/svg+xml", False)
    assert content_of(shown) == (snapshot_folder(sealed) / "figures" / "scores.svg").read_bytes()
    content_of(kept)
    page = admin.get(url("change", sealed.pk)).text
    assert f'<img src="{url("figure", sealed.pk, "scores.svg")}"' in page


def test_no_name_leads_out_of_the_folder(sealed: Snapshot, admin: Client) -> None:
    (snapshot_folder(sealed).parent / "secret").write_text("secret")
    snapshot_folder(sealed).chmod(0o755)
    (snapshot_folder(sealed) / "secret").write_text("not in the seal")
    for name in HOSTILE:
        with pytest.raises(NoSuchFile):
            file_open(sealed, name)
        for page in ("files", "figures"):
            response = admin.get(f"/admin/snapshots/snapshot/{sealed.pk}/{page}/{quote(name)}")
            assert not response.streaming, (page, name)
            assert b"secret" not in response.content, (page, name)


def test_no_link_is_followed(sealed: Snapshot, tmp_path: Path, admin: Client) -> None:
    folder = snapshot_folder(sealed)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ratings.parquet").write_bytes(b"elsewhere")
    for place in (folder, folder / "data"):
        place.chmod(0o755)
    table = folder / "data" / "ratings.parquet"
    table.rename(outside / "real.parquet")
    table.symlink_to(outside / "real.parquet")
    with pytest.raises(NoSuchFile, match="no plain file any more"):
        file_open(sealed, "data/ratings.parquet")
    (folder / "data").rename(outside / "data")
    (folder / "data").symlink_to(outside / "data")
    with pytest.raises(NoSuchFile):
        file_open(sealed, "data/pairs-train.parquet")
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")
    with pytest.raises(NoSuchFile, match="no plain file any more"):
        file_open(sealed, "README.md")
    assert admin.get(url("file", sealed.pk, "README.md")).status_code == 404


def test_the_card_is_shown_as_html_and_leads_to_its_files(sealed: Snapshot, admin: Client) -> None:
    page = admin.get(url("document", sealed.pk, "card")).text
    article = page.split("<article")[1].split("</article>")[0]
    assert "<h1>" in article
    assert "configs:" not in article
    assert url("file", sealed.pk, "README.md") in page
    for which in ("secret", "datasheetx"):
        assert admin.get(url("document", sealed.pk, which)).status_code == 404
