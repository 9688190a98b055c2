import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mpd_builder import __version__, snapshot
from mpd_builder.__main__ import main
from mpd_builder.synthesize import Amounts, SynthesisError, synthesize
from tests.mpd_builder.small_snapshot import write_small

REPO_ROOT = Path(__file__).resolve().parents[2]
TINY = Amounts(paintings=4, tracks=2, pairs=20, raters=6)


def make(out_dir, *, seed=1, amounts=TINY, **arguments):
    return synthesize(
        amounts,
        seed=seed,
        recipe=snapshot.recipe.get("demo"),
        out_dir=out_dir,
        created_on=None,
        code_version=__version__,
        **arguments,
    )


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic") / "s"
    make(folder)
    return folder


@pytest.fixture
def damaged(tmp_path):
    write_small(tmp_path / "damaged")
    place = tmp_path / "damaged" / "README.md"
    place.chmod(0o644)
    place.write_text("changed")
    return tmp_path / "damaged"


def test_verify_says_that_a_whole_snapshot_is_whole(tmp_path, capsys):
    sealed = write_small(tmp_path / "s")
    assert main(["verify", str(tmp_path / "s")]) == 0
    out, err = capsys.readouterr()
    assert sealed.digest in out
    assert err == ""


def test_verify_fails_with_one_line_that_names_the_file(damaged, capsys):
    (damaged / "extra").write_text("x")
    assert main(["verify", str(damaged)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{damaged}: README.md was changed after the snapshot was sealed (and 1 more problem)\n"


def test_verify_checks_every_path_it_is_given(tmp_path, damaged, capsys):
    write_small(tmp_path / "s")
    assert main(["verify", str(damaged), str(tmp_path / "s"), str(tmp_path / "none")]) == 1
    out, err = capsys.readouterr()
    assert out.count("whole") == 1
    assert err.splitlines()[1] == f"{tmp_path / 'none'}: does not exist"


def test_verify_lists_every_problem_as_json(damaged, capsys):
    (damaged / "extra").write_text("x")
    assert main(["verify", str(damaged), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [(problem["file"], problem["damage"]) for problem in told["snapshots"][0]["problems"]] == [
        ("README.md", "changed"),
        ("extra", "extra"),
    ]


def test_describe_states_the_facts(tmp_path, capsys):
    sealed = write_small(tmp_path / "s")
    assert main(["describe", str(tmp_path / "s")]) == 0
    out = capsys.readouterr().out
    for words in (
        sealed.digest,
        "train 2, validation 0, test 1, cross 5",
        "0.861 (0.841 to 0.881)",
        "2026-01-15, code 0.1.0",
        "40 by 5 raters, 0 simulated",
    ):
        assert words in out


def test_describe_as_json_holds_the_manifest_without_the_file_list(tmp_path, capsys):
    sealed = write_small(tmp_path / "s")
    assert main(["describe", "--json", str(tmp_path / "s")]) == 0
    described = json.loads(capsys.readouterr().out)["snapshots"][0]
    assert (described["digest"], described["bytes"]) == (sealed.digest, sealed.n_bytes)
    assert described["facts"]["ratings"] == 40
    assert described["recipe"]["name"] == "default"


def test_describe_refuses_what_is_damaged(damaged, capsys):
    assert main(["describe", str(damaged)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "README.md was changed" in err


SMALL = "synthesize --paintings 1 --tracks 1 --pairs 1 --seed 1 --out x"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "verify",
        "compare a",
        "synthesize --paintings 1",
        SMALL.replace("--paintings 1", "--paintings 0"),
        f"{SMALL} --recipe huge",
        f"{SMALL} --date 1.2.2026",
    ],
)
def test_wrong_use_ends_with_two(line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_module_runs_as_a_program_and_its_status_is_the_exit_code(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "mpd_builder", "verify", str(tmp_path)], cwd=REPO_ROOT, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"{tmp_path}: not a readable snapshot: there is no SHA256SUMS in it\n"


@pytest.mark.slow
def test_a_synthetic_snapshot_is_whole_and_says_what_it_is(synthetic):
    data = snapshot.read(synthetic)
    facts = data.manifest["facts"]
    assert (facts["paintings"], facts["tracks"], facts["clips"], facts["raters"]) == (4, 2, 6, 6)
    assert len(data.pairs) == 20
    assert set(data.pairs["n_ratings"]) == {5}
    assert (data.ratings["input_method"] == "simulated").all()
    assert data.raters["simulated"].all()
    assert data.paintings["is_synthetic"].all()
    assert data.clips["is_synthetic"].all()
    assert data.paintings["media"].notna().all()
    assert data.clips["media"].notna().all()
    assert "**Everything here is synthetic.**" in (synthetic / "README.md").read_text()


@pytest.mark.slow
def test_a_synthetic_snapshot_depends_on_its_seed_alone(synthetic, tmp_path):
    digest = snapshot.verify(synthetic).digest
    assert make(tmp_path / "again").digest == digest
    assert make(tmp_path / "other", seed=2).digest != digest


@pytest.mark.slow
def test_worker_processes_change_no_byte(synthetic, tmp_path):
    line = f"synthesize --paintings 4 --tracks 2 --pairs 20 --raters 6 --seed 1 --workers 2 --json --out {tmp_path}/s"
    ran = subprocess.run(
        [sys.executable, "-m", "mpd_builder", *line.split()],
        cwd=REPO_ROOT,
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout)["digest"] == snapshot.verify(synthetic).digest


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (Amounts(paintings=1, tracks=1, pairs=4), "4 pairs asked for, but only 3 are left"),
        (Amounts(paintings=1, tracks=1, pairs=1, raters=4), "4 raters are too few"),
        (Amounts(paintings=1, tracks=1, pairs=0), "At least one painting"),
        (Amounts(paintings=1, tracks=1, pairs=1, preset="wild"), "No preset is called 'wild'"),
    ],
)
def test_amounts_that_cannot_be_made_are_refused_in_words(tmp_path, amounts, words):
    with pytest.raises(SynthesisError, match=words):
        make(tmp_path / "s", amounts=amounts)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_refused_before_any_work(tmp_path, capsys):
    arguments = ["synthesize", "--paintings", "4", "--tracks", "2", "--pairs", "20", "--seed", "1", "--out"]
    assert main([*arguments, str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "Choose another place" in err
    assert "Painting" not in out
