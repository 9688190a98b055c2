"""What each command of `python -m model` does with its parsed options."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from model import (
    __version__,
    checkpoints,
    comparison,
    contesting,
    costs,
    data,
    evaluation,
    mapfile,
    matrix,
    pairfile,
    recipes,
    runs,
    serving,
)
from model import adaptors as published
from model import report as reports
from model.config import Config, parse_setting
from model.events import EVENTS_NAME, EventWriter
from model.processes import joined, local_rank
from mpd_builder.snapshot import Snapshot, read


class WrongUse(Exception):
    """The command line asks for something that cannot be; the message says what."""


def describe(options: argparse.Namespace) -> None:
    """Print what a recipe's model costs, or with --all what every recipe's costs (Table 1)."""
    if options.all:
        rows = [
            {"description": recipes.description(name), **costs.describe(recipes.get(name))} for name in recipes.NAMES
        ]
        print(json.dumps(rows, indent=2) if options.json else costs.markdown(rows))
        return
    config = config_of(options)
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
    """Train a recipe on a snapshot; under `torchrun` on several processes, one a device."""
    config = config_of(options)
    device = device_of(options.device, own=local_rank())
    finished = runs.finished_report(options.out) if options.resume else None
    leads = True
    if finished is None:
        dataset = data.load(options.snapshot)
        stopping: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
        with joined(on_gpu=device.type == "cuda") as processes:
            leads = processes.leads
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
                processes=processes,
            )
    if leads:
        _print_report(finished, options)


def evaluate(options: argparse.Namespace) -> None:
    """Measure a trained model on a snapshot."""
    device = device_of(options.device)
    checkpoint = checkpoints.load(options.checkpoint, device=device)
    dataset = _held_out(checkpoint, read(options.snapshot), options.trained_on)
    found = {
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
        checkpoints.replace_text(options.out, json.dumps(found, indent=2) + "\n")
    _print_report(found, options)


def contest(options: argparse.Namespace) -> None:
    """Say whether a new model is better than another, or than rows that know nothing, on pairs new to both."""
    device, opened = device_of(options.device), read(options.snapshot)

    def contestant(folder: Path, trained_on: Path | None, option: str) -> contesting.Contestant:
        checkpoint = checkpoints.load(folder, device=device)
        return contesting.Contestant(checkpoint, _held_out(checkpoint, opened, trained_on, option=option))

    new = contestant(options.checkpoint, options.trained_on, "--trained-on")
    against = (
        contestant(options.against, options.against_trained_on, "--against-trained-on") if options.against else None
    )
    with EventWriter(options.events or options.out.parent / EVENTS_NAME, clock=time.time) as events:
        found = contesting.hold(
            new,
            against,
            device=device,
            least=options.least,
            resamples=options.resamples,
            seed=options.seed,
            events=events,
        )
    checkpoints.replace_text(options.out, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2) if options.json else found["words"])


def report(options: argparse.Namespace) -> None:
    """Write a run's figures for people: one HTML page, or Markdown, by the ending of --out."""
    writers = {".html": reports.page, ".md": reports.markdown}
    if options.out.suffix not in writers:
        raise WrongUse(f"--out {options.out}: end it with .html or .md")
    source = options.run / runs.REPORT_NAME if options.run.is_dir() else options.run
    try:
        found = json.loads(source.read_text(encoding="utf-8"))
    except ValueError as error:
        raise reports.ReportError(f"{source} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise reports.ReportError(f"{source} is not a report")
    checkpoints.replace_text(options.out, writers[options.out.suffix](found))
    print(json.dumps({"out": str(options.out)}) if options.json else f"written: {options.out}")


def score(options: argparse.Namespace) -> None:
    """Score the pairs of a CSV file, each with a standard deviation; with --matrix every painting with every clip."""
    device = device_of(options.device)
    checkpoint = checkpoints.load(options.checkpoint, device=device)
    source = pairfile.open_source(snapshot=options.snapshot, arrays=options.arrays)
    batch = options.batch or checkpoint.config.run.evaluation_batch
    if options.matrix and options.features:
        raise WrongUse("--features goes with --pairs: a whole matrix has too many pairs to keep features of each")
    if options.matrix:
        index, count = options.share
        name = EVENTS_NAME if count == 1 else f"events-{index}-of-{count}.jsonl"
        with EventWriter(options.events or options.out / name, clock=time.time) as events:
            found = matrix.write(
                checkpoint,
                folder=options.checkpoint,
                source=source,
                out_dir=options.out,
                batch=batch,
                clips_a_shard=options.clips,
                share=options.share,
                events=events,
                clock=time.perf_counter,
            )
    else:
        found = pairfile.score_file(
            checkpoint,
            source=source,
            pairs_path=options.pairs,
            out_path=options.out,
            events_path=options.events or options.out.parent / EVENTS_NAME,
            batch=batch,
            wall_clock=time.time,
            clock=time.perf_counter,
            features_path=options.features,
        )
    print(json.dumps(found) if options.json else f"{found['pairs']} pairs scored, {found['pairs_per_s']} a second")


def maps(options: argparse.Namespace) -> None:
    """Draw where in a painting the music was at work (Figure 5)."""
    checkpoint = checkpoints.load(options.checkpoint, device=device_of(options.device))
    seen = mapfile.subject(
        painting=options.painting, music=options.music, start_s=options.start, snapshot=options.snapshot
    )
    found = mapfile.write(checkpoint, seen, out_dir=options.out, p=options.norm)
    print(json.dumps(found) if options.json else f"{found['subject']}: maps are in {options.out}")


def serve(options: argparse.Namespace) -> None:
    """Keep a model warm: requests as JSON lines on standard input, answers on standard output."""
    # What a library prints must not get between the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        checkpoint = checkpoints.load(options.checkpoint, device=device_of(options.device))
        with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
            serving.serve(checkpoint, requests=sys.stdin.buffer, answers=answers, clock=time.perf_counter)


def compare(options: argparse.Namespace) -> None:
    """Train the rows of Tables 2 and 3 and set them beside each other."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    plan = comparison.Plan(
        comparison.TABLES[options.rows], options.size, tuple(range(options.seeds)), overrides_of(options)
    )
    for recipe in plan.recipes:
        plan.config(recipe)  # a wrong setting is refused before the first hour of training
    with contextlib.ExitStack() as stack:
        kept = options.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = comparison.compare(
            plan,
            data.load(options.snapshot),
            out_dir=kept,
            device=device_of(options.device),
            code_version=options.code_version or _code_version(),
            wall_clock=time.time,
            clock=time.perf_counter,
            should_stop=lambda: bool(stopping),
            say=lambda words: print(words, file=sys.stderr, flush=True),
        )
    text = comparison.markdown(found)
    if options.out:
        checkpoints.replace_text(options.out / "compare.json", json.dumps(found, indent=2) + "\n")
        checkpoints.replace_text(options.out / "compare.md", text + "\n")
    print(json.dumps(found, indent=2) if options.json else text)


def adaptors(options: argparse.Namespace) -> None:
    """Say what a published data set's splits give away, and with --checkpoint how a model does on it."""
    scorer = None
    if options.checkpoint:
        scorer = functools.partial(
            published.score,
            checkpoints.load(options.checkpoint, device=device_of(options.device)),
            images=options.images or options.data / "images",
            sounds=options.sounds or options.data / "audio",
        )
    found = published.report(options.dataset, options.data, score=scorer, pairs=options.pairs, seed=options.seed)
    if options.out:
        checkpoints.replace_text(options.out, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2) if options.json else "\n".join(published.words(found)))


COMMANDS = (describe, train, evaluate, contest, report, compare, score, serve, maps, adaptors)


def _held_out(
    checkpoint: checkpoints.Checkpoint,
    opened: Snapshot,
    training_snapshot: Path | None,
    *,
    option: str = "--trained-on",
) -> data.Dataset:
    """A snapshot with the pairs that a model can honestly be measured on. `option` names its own snapshot's."""
    trained_on = checkpoint.identity.snapshot_digest
    if opened.digest == trained_on:
        return data.from_snapshot(opened)
    if training_snapshot is None:
        raise WrongUse(
            f"the model was trained on the snapshot {trained_on[:12]}, and this is {opened.digest[:12]}: add "
            f"{option} with the folder of the former, so that what the model has seen can be left out"
        )
    training = data.load(training_snapshot)
    if training.digest != trained_on:
        raise WrongUse(f"{option} is the snapshot {training.digest[:12]}; the model's is {trained_on[:12]}")
    return data.from_snapshot(opened, seen=training.seen)


def config_of(options: argparse.Namespace) -> Config:
    """The config of the recipe that was asked for, with the settings that were given."""
    return recipes.get(options.recipe).with_overrides(overrides_of(options))


def overrides_of(options: argparse.Namespace) -> dict[str, Any]:
    return dict(parse_setting(text) for text in options.set)


def device_of(name: str, *, own: int | None = None) -> torch.device:
    """The device that was asked for. `own`: which of this machine's GPUs is this process's, if there are several."""
    if name == "cuda" and not torch.cuda.is_available():
        raise WrongUse("--device cuda: this machine has no GPU that torch can use; leave it out or say cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and own is not None:
        torch.cuda.set_device(own)
        return torch.device("cuda", own)
    return torch.device(name)


def _print_report(report: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, regime in report.get("regimes", {}).items():
        print(f"{name}: {_said(regime)}")
    for title, rows in {"model": report["protocols"], **report["trivial"]}.items():
        for protocol, row in rows.items():
            figures = "  ".join(f"{name} {_figure(row[name]['value'])}" for name in ("srcc", "plcc", "mae"))
            print(f"{title:14}  {protocol:16}  n {row['n']:5}  {figures}")


def _said(regime: dict[str, Any]) -> str:
    if "refused" in regime:
        return f"not measured; {regime['refused']}"
    left_out = f", and {regime['left_out']} more that the model has seen are left out" if regime["left_out"] else ""
    return f"{regime['n']} pairs, {regime['which']}{left_out}"


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
