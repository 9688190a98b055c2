"""`python -m mpd_builder COMMAND`: 0 done, 2 wrong use, 1 failed and says why on stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from mpd_builder import __version__
from mpd_builder.comparison import compare, in_words
from mpd_builder.snapshot import (
    NoPublicForm,
    Recipe,
    RecipeError,
    Report,
    Sealed,
    SnapshotDamaged,
    SnapshotExists,
    publish,
    read,
    recipe,
    verify,
)
from mpd_builder.snapshot.shards import PER_SHARD, NoMedia, write_shards
from mpd_builder.snapshot.tables import SPLITS
from mpd_builder.synthesize import Amounts, SynthesisError, synthesize


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    commands = {
        "verify": _verify,
        "describe": _describe,
        "compare": _compare,
        "publish": _publish,
        "shards": _shards,
        "synthesize": _synthesize,
    }
    try:
        return commands[options.command](options)
    except (SynthesisError, SnapshotExists, SnapshotDamaged, NoPublicForm, NoMedia) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or options.command}: {error.strerror or error}")
    except KeyboardInterrupt:
        return _fail("Stopped.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mpd_builder", description="Snapshots of the dataset.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("verify", "Check every byte of snapshots against their seal."),
        ("describe", "Say what snapshots hold, after checking them."),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="a snapshot's folder")
        command.add_argument("--json", action="store_true", help="print one JSON object")
    words = "Say what changed from one snapshot to another, after checking both."
    command = commands.add_parser("compare", help=words, description=words)
    command.add_argument("before", metavar="A", type=Path, help="the earlier snapshot's folder")
    command.add_argument("after", metavar="B", type=Path, help="the later snapshot's folder")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    words = "Write what may be passed on of a snapshot with restricted items: all but its arrays, sealed anew."
    command = commands.add_parser("publish", help=words, description=words)
    command.add_argument("path", metavar="PATH", type=Path, help="a snapshot's folder")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that does not exist yet")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    words = "Write a snapshot as WebDataset shards: tar files of samples, one a pair."
    command = commands.add_parser("shards", help=words, description=words)
    command.add_argument("path", metavar="PATH", type=Path, help="a snapshot's folder")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that does not exist yet")
    command.add_argument("--per-shard", type=_positive, default=PER_SHARD, metavar="N", help=f"samples ({PER_SHARD})")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    words = "Make a snapshot of a synthetic corpus with simulated ratings and votes."
    command = commands.add_parser("synthesize", help=words, description=words)
    command.add_argument("--paintings", type=_positive, required=True, metavar="N")
    command.add_argument("--tracks", type=_positive, required=True, metavar="N", help="45 s each: three clips")
    command.add_argument("--pairs", type=_positive, required=True, metavar="N")
    command.add_argument("--seed", type=int, required=True, metavar="S")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that does not exist yet")
    command.add_argument("--recipe", type=_recipe, default="demo", help=f"one of {', '.join(recipe.NAMES)}")
    command.add_argument("--raters", type=_positive, default=12, metavar="N", help="simulated raters (default 12)")
    command.add_argument("--preset", default="paper", help="how the raters err: paper (default) or independent")
    command.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help="a date for the card (default: none)")
    command.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, metavar="N", help="processes")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return number


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-15") from error


def _recipe(name: str) -> Recipe:
    try:
        return recipe.get(name)
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _verify(options: argparse.Namespace) -> int:
    reports = [verify(path) for path in options.paths]
    if options.json:
        _print_json(
            {"ok": all(report.ok for report in reports), "snapshots": [_report_facts(each) for each in reports]}
        )
    for report in reports:
        if not report.ok:
            print(report.words, file=sys.stderr)
        elif not options.json:
            print(report.words)
    return 0 if all(report.ok for report in reports) else 1


def _report_facts(report: Report) -> dict[str, Any]:
    return {
        "path": str(report.path),
        "ok": report.ok,
        "digest": report.digest or None,
        "files": report.n_files,
        "bytes": report.n_bytes,
        "problems": [
            {"file": problem.path, "damage": problem.damage.value, "words": problem.words}
            for problem in report.problems
        ],
    }


def _describe(options: argparse.Namespace) -> int:
    reports = [verify(path) for path in options.paths]
    whole = [report for report in reports if report.ok]
    if options.json:
        _print_json({"snapshots": [_description(report) for report in whole]})
    else:
        print("\n\n".join(_described(report) for report in whole), end="\n" if whole else "")
    for report in reports:
        if not report.ok:
            print(report.words, file=sys.stderr)
    return 0 if len(whole) == len(reports) else 1


def _description(report: Report) -> dict[str, Any]:
    manifest = {name: value for name, value in report.manifest.items() if name != "files"}
    return {
        "path": str(report.path),
        "digest": report.digest,
        "files": report.n_files,
        "bytes": report.n_bytes,
    } | manifest


def _described(report: Report) -> str:
    manifest, facts = report.manifest, report.manifest["facts"]
    preferences = ", ".join(
        f"{direction} {counts['kept']:,} of {counts['tasks']:,} decided"
        for direction, counts in sorted(facts["preferences"].items())
    )
    lines = [
        ("digest", report.digest),
        ("content", manifest["content_digest"]),
        ("recipe", manifest["recipe"]["name"]),
        ("made", f"{manifest['created_on'] or 'no date'}, code {manifest['code_version']}"),
        ("pairs", ", ".join(f"{split} {facts['pairs'][split]:,}" for split in SPLITS)),
        ("ratings", f"{facts['ratings']:,} by {facts['raters']:,} raters, {facts['simulated_raters']:,} simulated"),
        ("items", f"{facts['paintings']:,} paintings, {facts['clips']:,} clips of {facts['tracks']:,} tracks"),
        ("alpha", _agreement(facts["alpha"])),
        ("preferences", preferences),
        ("size", f"{report.n_files:,} files, {report.n_bytes:,} bytes"),
    ]
    return "\n".join([str(report.path), *(f"  {name:<12}{value}" for name, value in lines)])


def _agreement(alpha: dict[str, Any]) -> str:
    if alpha["value"] is None:
        return "undefined"
    interval = "" if alpha["low"] is None else f" ({alpha['low']:.3f} to {alpha['high']:.3f})"
    return f"{alpha['value']:.3f}{interval}"


def _compare(options: argparse.Namespace) -> int:
    found = compare(read(options.before), read(options.after))
    if options.json:
        _print_json(found.as_dict())
    else:
        sections = [(section.title, section.lines) for section in in_words(found)]
        print("\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections))
    return 0


def _publish(options: argparse.Namespace) -> int:
    _tell_sealed(publish(options.path, out_dir=options.out), as_json=options.json)
    return 0


def _shards(options: argparse.Namespace) -> int:
    written = write_shards(options.path, out_dir=options.out, per_shard=options.per_shard)
    if options.json:
        shards = [asdict(shard) for shard in written.shards]
        _print_json({"path": str(written.path), "digest": written.digest, "shards": shards})
    else:
        print(f"{written.path}: {written.n_samples:,} samples in {len(written.shards):,} shards")
    return 0


def _synthesize(options: argparse.Namespace) -> int:
    amounts = Amounts(
        paintings=options.paintings,
        tracks=options.tracks,
        pairs=options.pairs,
        raters=options.raters,
        preset=options.preset,
    )
    sealed = synthesize(
        amounts,
        seed=options.seed,
        recipe=options.recipe,
        out_dir=options.out,
        created_on=options.date,
        code_version=__version__,
        workers=options.workers,
        tell=(lambda words: None) if options.json else print,
    )
    _tell_sealed(sealed, as_json=options.json)
    return 0


def _tell_sealed(sealed: Sealed, *, as_json: bool) -> None:
    if as_json:
        values = {
            "path": str(sealed.path),
            "digest": sealed.digest,
            "files": sealed.n_files,
            "bytes": sealed.n_bytes,
        }
        _print_json(values)
    else:
        print(f"{sealed.path}: {sealed.n_files:,} files, {sealed.n_bytes:,} bytes, digest {sealed.digest}")


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False))


def _fail(words: str) -> int:
    print(words, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
