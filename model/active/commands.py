"""What `python -m model choose` does with its parsed options."""

from __future__ import annotations

import argparse
import json

from model import choicefile


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


COMMANDS = (choose,)
