"""The model's command line: describe, train, evaluate, score.

Exit status: 0 done, 2 wrong use, 1 failed with one clear line on standard error, 143 stopped by SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from model import __version__, checkpoints, costs, data, evaluation, pairfile, recipes, runs
from model.config import Config, ConfigError, parse_setting
from model.events import EVENTS_NAME
from model.training import Interrupted, TrainingFailed
from mpd_builder.snapshot import NoArrays, SnapshotDamaged

DONE, FAILED, WRONG_USE, TERMINATED = 0, 1, 2, 128 + signal.SIGTERM


class WrongUse(Exception):
    """The command line asks for something that cannot be; the message says what."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        if getattr(options, "threads", None):
            torch.set_num_threads(options.threads)
        options.command(options)
    except (WrongUse, ConfigError, runs.RunExists) as error:
        return _complain(str(error), WRONG_USE)
    except Interrupted as error:
        return _complain(str(error), TERMINATED)
    except torch.OutOfMemoryError as error:
        return _complain(f"out of memory: lower optim.batch or run.evaluation_batch ({error})", FAILED)
    except (
        TrainingFailed,
        checkpoints.CheckpointError,
        data.DataError,
        pairfile.PairFileError,
        SnapshotDamaged,
        NoArrays,
        OSError,
    ) as error:
        return _complain(str(error), FAILED)
    finally:
        signal.signal(signal.SIGTERM, before)
    return DONE


def describe(options: argparse.Namespace) -> None:
    """Print what a recipe's model costs, or with --all what every recipe's costs (Table 1)."""
    if options.all:
        rows = [
            {"description": recipes.description(name), **costs.describe(recipes.get(name))} for name in recipes.NAMES
        ]
        print(json.dumps(rows, indent=2) if options.json else costs.markdown(rows))
        return
    config = _config(options)
    found = {"description": recipes.description(options.recipe), **costs.describe(config)}
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{options.recipe}: {found['description']}")
    print(f"{'':16}  {'parameters':>12}  {'FLOPs (2 x MAC)':>16}  {'MACs':>16}")
    for name in ("music_encoder", "painting_encoder", "total"):
        cost = found[name]
        print(f"{name:16}  {cost['parameters']:12,}  {cost['flops']:16,}  {cost['macs']:16,}")


def train(options: argparse.Namespace) -> None:
    """Train a recipe on a snapshot."""
    config = _config(options)
    device = _device(options.device)
    finished = runs.finished_report(options.out) if options.resume else None
    if finished is None:
        dataset = data.load(options.snapshot)
        stopping: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
        finished = runs.run(
            config,
            dataset,
            out_dir=options.out,
            identity=checkpoints.Identity(dataset.digest, options.seed, options.code_version or _code_version()),
            device=device,
            wall_clock=time.time,
            clock=time.perf_counter,
            resume=options.resume,
            should_stop=lambda: bool(stopping),
        )
    _print_report(finished, options)


def evaluate(options: argparse.Namespace) -> None:
    """Measure a trained model on a snapshot."""
    device = _device(options.device)
    checkpoint = checkpoints.load(options.checkpoint, device=device)
    dataset = data.load(options.snapshot)
    report = {
        "trained_on": checkpoint.identity.snapshot_digest,
        "snapshot_digest": dataset.digest,
        "seed": checkpoint.identity.seed,
        "code_version": checkpoint.identity.code_version,
        "config": checkpoint.config.to_dict(),
        **evaluation.evaluate(
            checkpoint.config,
            checkpoint.module,
            dataset,
            dataset.media(checkpoint.config, device),
            seed=checkpoint.identity.seed,
        ),
    }
    if options.out:
        checkpoints.replace_text(options.out, json.dumps(report, indent=2) + "\n")
    _print_report(report, options)


def score(options: argparse.Namespace) -> None:
    """Score the pairs of a CSV file, each with a standard deviation."""
    device = _device(options.device)
    checkpoint = checkpoints.load(options.checkpoint, device=device)
    found = pairfile.score_file(
        checkpoint,
        source=pairfile.open_source(snapshot=options.snapshot, arrays=options.arrays),
        pairs_path=options.pairs,
        out_path=options.out,
        events_path=options.events or options.out.parent / EVENTS_NAME,
        batch=options.batch or checkpoint.config.run.evaluation_batch,
        wall_clock=time.time,
        clock=time.perf_counter,
    )
    print(json.dumps(found) if options.json else f"{found['pairs']} pairs scored, {found['pairs_per_s']} a second")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(run: Any, name: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(command=run)
        added.add_argument("--json", action="store_true", help="print the result as JSON")
        return added

    shown = command(describe, "describe")
    trained = command(train, "train")
    which = shown.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="all recipes in one table")
    for named in (which, trained):
        named.add_argument(
            "--recipe",
            required=named is trained,
            metavar="R",
            help=f"one of {', '.join(recipes.NAMES)}; R@S is the same in size S, one of {', '.join(recipes.SIZES)}",
        )
    for added in (shown, trained):
        added.add_argument("--set", action="append", default=[], metavar="name=value", help="replace one setting")
    trained.add_argument("--snapshot", required=True, type=Path, metavar="DIR")
    trained.add_argument("--out", required=True, type=Path, metavar="DIR")
    trained.add_argument("--seed", type=int, default=0)
    trained.add_argument("--resume", action="store_true", help="go on where this folder's run stopped")
    trained.add_argument(
        "--code-version", default="", help="what to call the code (default: the commit, or the version)"
    )

    evaluated = command(evaluate, "evaluate")
    evaluated.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    evaluated.add_argument("--snapshot", required=True, type=Path, metavar="DIR")
    evaluated.add_argument("--out", type=Path, metavar="FILE", help="write the report here as well")

    scored = command(score, "score")
    scored.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    source = scored.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--snapshot", type=Path, metavar="DIR", help="pairs name painting_id and clip_id of this snapshot"
    )
    source.add_argument(
        "--arrays", type=Path, metavar="DIR", help="pairs name painting_row and clip_row of the arrays here"
    )
    scored.add_argument("--pairs", required=True, type=Path, metavar="CSV")
    scored.add_argument("--out", required=True, type=Path, metavar="CSV")
    scored.add_argument(
        "--events", type=Path, metavar="FILE", help=f"progress goes here (default: {EVENTS_NAME} beside --out)"
    )
    scored.add_argument("--batch", type=_positive, help="pairs at a time")

    for added in (trained, evaluated, scored):
        added.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
        added.add_argument("--threads", type=_positive, help="CPU threads (default: torch's own choice)")
    return parser


def _config(options: argparse.Namespace) -> Config:
    return recipes.get(options.recipe).with_overrides(dict(parse_setting(text) for text in options.set))


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise WrongUse("--device cuda: this machine has no GPU that torch can use; leave it out or say cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _print_report(report: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for title, rows in {"model": report["protocols"], **report["trivial"]}.items():
        for protocol, row in rows.items():
            figures = "  ".join(f"{name} {_figure(row[name]['value'])}" for name in ("srcc", "plcc", "mae"))
            print(f"{title:14}  {protocol:16}  n {row['n']:5}  {figures}")


def _figure(value: float | None) -> str:
    return "    -" if value is None else f"{value:5.3f}"


def _code_version() -> str:
    """The commit of this checkout, marked where it has changes; outside a checkout the version."""
    folder = Path(__file__).resolve().parent
    git = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or __version__
    except (OSError, subprocess.SubprocessError):
        return __version__


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return value


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(TERMINATED)


def _complain(message: str, status: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
