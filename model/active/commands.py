"""What `python -m model choose` and `simulate-al` do with their parsed options."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from typing import Any

from model import choicefile, data
from model.active import curves, pages, study
from model.active.condensing import condensed
from model.active.plan import AMOUNTS, Plan, study_config
from model.checkpoints import replace_text
from model.commands import device_of, overrides_of
from model.training import Interrupted


def choose(options: argparse.Namespace) -> None:
    """Choose which of the scored pairs of a CSV file to ask people about next."""
    found = choicefile.choose_file(
        options.method,
        options.checkpoint,
        scores_path=options.scores,
        features_path=options.features,
        labelled_path=options.labelled,
        members_paths=options.members,
        out_path=options.out,
        limits=choicefile.Limits(
            count=options.count,
            per_painting=options.per_painting,
            per_clip=options.per_clip,
            control_share=options.control,
        ),
        band=tuple(options.band),
        sure_sd=options.sure,
        seed=options.seed,
    )
    said = f"{found['chosen']} of {found['candidates']} pairs chosen by {found['method']}, {found['control']} by lot"
    print(json.dumps(found) if options.json else said)


def simulate_al(options: argparse.Namespace) -> None:
    """Measure on a fully rated snapshot whether choosing pairs saves votes: curves for each method, beside random."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    config, dataset = condensed(study_config(options.recipe, overrides_of(options)), data.load(options.snapshot))
    plan = Plan(
        config,
        mode="head" if options.fast else "retrain",
        methods=tuple(options.methods),
        seeds=tuple(options.seeds),
        **{name: getattr(options, name) for name in AMOUNTS},
    )
    found_curves = study.run(
        plan,
        dataset,
        dataset.media(config, device_of(options.device)),
        out_dir=options.out,
        clock=time.perf_counter,
        should_stop=lambda: bool(stopping),
        say=lambda words: print(words, file=sys.stderr, flush=True),
    )
    found: dict[str, Any] = {
        "snapshot_digest": dataset.digest,
        "plan": plan.deciding(),
        "measured": min(plan.measured, int(dataset.protocols[dataset.regime].sum())),
        **curves.summary(found_curves),
    }
    replace_text(options.out / "study.json", json.dumps(found, indent=2) + "\n")
    replace_text(options.out / "study.md", pages.markdown(found))
    replace_text(options.out / "study.html", pages.page(found))
    if stopping:
        raise Interrupted(f"stopped with {len(found_curves)} curves finished; the same command goes on from there")
    print(json.dumps(found, indent=2) if options.json else pages.markdown(found))


COMMANDS = (choose, simulate_al)
