"""`manage.py import_corpus`: its report, its exit status, and being killed."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation_site.corpus.management.commands.import_corpus import Bar
from annotation_site.corpus.models import ImportJob, Painting
from annotation_site.corpus.progress import Progress
from tests.conftest import REPO_ROOT
from tests.mpd_builder.media_files import gradient, write_picture


def imported(*arguments: str) -> str:
    out = io.StringIO()
    call_command("import_corpus", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("in_process")
class TestInThisProcess:
    def test_the_report_counts_and_has_one_line_for_each_file_that_is_not_taken(self, untidy: Path):
        first, *rest = imported("--folder", str(untidy)).splitlines()
        assert first.startswith("3 files added (2 paintings, 1 track with 2 clips), 1 skipped, 2 not taken, in ")
        assert rest == [
            "",
            "Remarks:",
            "0 first by name/копия.png: It has the same bytes as a.png; one of them is enough.",
            "",
            "Not taken:",
            "empty.mp3: The file is empty. Copy or download it again.",
            "page.jpg: It is a web page, not an image or a sound: most likely an error page saved under this name. "
            "Download the file again.",
        ]

    def test_json_says_the_same_to_a_program(self, untidy: Path):
        report = json.loads(imported("--folder", str(untidy), "--json"))
        assert {name: report[name] for name in ("state", "files", "added", "skipped", "failed")} == {
            "state": "done",
            "files": 6,
            "added": 3,
            "skipped": 1,
            "failed": 2,
        }
        assert [issue["file"] for issue in report["rejected"]] == ["empty.mp3", "page.jpg"]
        assert [issue["code"] for issue in report["warnings"]] == ["duplicate"]

    def test_a_second_run_skips_all(self, folder: Path):
        imported("--folder", str(folder))
        assert imported("--folder", str(folder)).startswith(
            "0 files added (0 paintings, 0 tracks with 0 clips), 3 skipped"
        )

    def test_an_empty_folder_is_no_failure(self, tmp_path: Path):
        (tmp_path / "empty").mkdir()
        assert imported("--folder", str(tmp_path / "empty")).startswith("0 files added")

    def test_a_folder_that_is_not_there_is_wrong_use(self, tmp_path: Path):
        with pytest.raises(CommandError, match="There is no folder") as caught:
            imported("--folder", str(tmp_path / "nowhere"))
        assert caught.value.returncode == 2

    def test_nothing_but_bad_files_is_a_failure(self, tmp_path: Path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.jpg").touch()
        with pytest.raises(CommandError, match="Nothing could be taken") as caught:
            imported("--folder", str(tmp_path / "in"))
        assert caught.value.returncode == 1

    def test_bad_metadata_are_a_failure_in_one_line(self, folder: Path):
        (folder / "paintings.csv").write_text("file,title\na.png,one,two\n")
        with pytest.raises(CommandError, match=r"paintings\.csv, line 2: 3 cells where the header has 2\.") as caught:
            imported("--folder", str(folder))
        assert (caught.value.returncode, "\n" in str(caught.value)) == (1, False)
        assert not Painting.objects.exists()

    def test_what_was_not_taken_is_written_as_csv_when_asked_for(self, untidy: Path, tmp_path: Path):
        imported("--folder", str(untidy), "--issues", str(tmp_path / "issues.csv"))
        rows = list(csv.reader(io.StringIO((tmp_path / "issues.csv").read_text("utf-8-sig"), newline="")))
        assert [row[:3] for row in rows] == [
            ["file", "level", "code"],
            ["empty.mp3", "rejected", "empty"],
            ["page.jpg", "rejected", "web_page"],
            ["0 first by name/копия.png", "warning", "duplicate"],
        ]

    def test_options_reach_the_import_and_its_row(self, folder: Path):
        given = {"--collection": "Mine", "--licence": "MIT", "--attribution": "Ann", "--source": "attic"}
        imported("--folder", str(folder), "--no-publish", *(text for pair in given.items() for text in pair))
        painting = Painting.objects.get(title="Day")
        assert (painting.collection, painting.attribution, painting.source) == ("Mine", "Ann", "attic")
        assert (painting.licence, painting.may_publish) == ("MIT", False)
        assert ImportJob.objects.get().options == {
            "collection": "Mine",
            "licence": "MIT",
            "attribution": "Ann",
            "source": "attic",
            "may_publish": False,
        }

    def test_styles_and_lists_are_for_wikiart(self, tmp_path: Path):
        for style in ("Baroque", "Rococo"):
            (tmp_path / "wikiart" / style).mkdir(parents=True)
            write_picture(tmp_path / "wikiart" / style / "ann_night-1650.jpg", gradient(300, 280), form="JPEG")
        said = imported("--wikiart", str(tmp_path / "wikiart"), "--styles", "Baroque, Rococo")
        assert said.startswith("1 file added (1 painting, ")  # the same bytes in both

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--zip", "nowhere.zip"], "There is no file nowhere.zip"),
            (["--folder", ".", "--styles", "Baroque"], "goes with --wikiart only"),
            (["--wikiart", ".", "--list", "nowhere.csv"], "There is no list nowhere.csv"),
            (["--folder", ".", "--issues", "nowhere/issues.csv"], "There is no folder nowhere"),
        ],
    )
    def test_wrong_use_is_said_before_anything_is_done(self, arguments: list[str], words: str):
        with pytest.raises(CommandError, match=words) as caught:
            imported(*arguments)
        assert caught.value.returncode == 2
        assert not ImportJob.objects.exists()

    def test_the_command_line_may_read_outside_the_roots_of_the_panel(self, folder: Path, settings: Any):
        settings.IMPORT_ROOTS = ["/srv/media"]
        assert imported("--folder", str(folder)).startswith("3 files added")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_grows_and_goes_away_and_is_not_written_to_files():
    terminal, file = Terminal(), io.StringIO()
    counts = "5 of 10: 3 added, 1 skipped, 1 not taken; 2.0 files a second, about 2 s left"
    for stream in (terminal, file):
        bar = Bar(stream)
        bar(Progress(done=5, total=10, added=3, skipped=1, failed=1, rate=2.0, seconds_left=2.5))
        bar.clear()
    assert terminal.getvalue() == "\r\033[K" + "█" * 15 + "░" * 15 + f" {counts}\r\033[K"
    assert file.getvalue() == ""


# --- As a person runs it -----------------------------------------------------------------------------------------
def manage(state: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "ATELIER_STATE": str(state), "CACHE_URL": "locmem://"}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=REPO_ROOT, env=environment, **pipes | options
    )


def run(state: Path, *arguments: str) -> tuple[int, str, str]:
    process = manage(state, *arguments)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def contents(state: Path) -> tuple[object, ...]:
    """The corpus as it lies in the database and in the media store."""
    with sqlite3.connect(state / "db.sqlite3") as database:
        rows = [
            database.execute(f"SELECT {columns} FROM corpus_{table} ORDER BY key").fetchall()
            for table, columns in (
                ("painting", "key, title, original, display, thumbnail, model_input, dhash"),
                ("track", "key, title, original, duration_s"),
                ("clip", 'key, "index", audio, mel, peaks, is_silent'),
            )
        ]
    database.close()
    files = sorted((path.name, path.stat().st_size) for path in (state / "media").rglob("*") if path.is_file())
    return rows, files


@pytest.fixture
def part_of_the_corpus(shared_corpus: Path, tmp_path: Path) -> Path:
    """Every eighth file of the real corpus, and all of its awkward ones."""
    for name, step in (("paintings", 8), ("music", 8), ("awkward", 1)):
        (tmp_path / "part" / name).mkdir(parents=True)
        for path in sorted((shared_corpus / name).iterdir())[::step]:
            if path.suffix != ".csv":
                shutil.copy(path, tmp_path / "part" / name)
    return tmp_path / "part"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_moment_and_run_again_it_ends_as_if_nothing_had_happened(
    part_of_the_corpus: Path, tmp_path: Path
):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for state in (killed, whole):
        assert run(state, "migrate", "-v", "0")[0] == 0
    arguments = ("import_corpus", "--folder", str(part_of_the_corpus), "--json")
    for n_files in (1, 40, 150):
        process = manage(killed, *arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and sum(1 for _ in (killed / "media").rglob("*.*")) < n_files:
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    code, out, err = run(killed, *arguments)
    assert (code, err) == (0, "")
    assert json.loads(out)["skipped"] > 0

    code, out, err = run(whole, *arguments)
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["paintings"], report["failed"]) == (40 + 10, 8)
    assert contents(killed) == contents(whole)


@pytest.mark.slow
def test_wrong_use_and_failure_have_their_exit_status(tmp_path: Path):
    assert run(tmp_path / "state", "migrate", "-v", "0")[0] == 0
    code, _, err = run(tmp_path / "state", "import_corpus", "--folder", str(tmp_path / "nowhere"))
    assert (code, err.strip().count("\n")) == (2, 0)
    assert run(tmp_path / "state", "import_corpus")[0] == 2
    assert run(tmp_path / "state", "import_corpus", "--folder", str(tmp_path), "--zip", str(tmp_path))[0] == 2
    assert run(tmp_path / "state", "import_corpus", "--imagenet", str(tmp_path))[0] == 2
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.csv").write_bytes("file,title\na,Größe\n".encode("latin-1"))
    code, _, err = run(tmp_path / "state", "import_corpus", "--folder", str(tmp_path / "in"))
    assert (code, err.strip().count("\n")) == (1, 0)
    assert "bad.csv, line 2: not UTF-8" in err
