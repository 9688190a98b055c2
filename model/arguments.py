"""What can be written after `python -m model`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from model import recipes
from model.acquisition import BAND, DEFAULT_METHOD, SURE_SD, Method
from model.active.plan import AMOUNTS, SEEDS, STUDY_RECIPE
from model.adaptors import DATASETS
from model.comparison import TABLES
from model.contest import LEAST_PAIRS, RESAMPLES
from model.events import EVENTS_NAME

Command = Callable[[argparse.Namespace], None]
Parser = argparse.ArgumentParser


def parser(runs: Mapping[str, Command]) -> Parser:
    """The command line; `options.command` of what it parses is the one of `runs` that was asked for."""
    top = Parser(prog="python -m model", description="Train, measure and use MPJudge.")
    commands = top.add_subparsers(required=True, metavar="command")
    for name, fill in _ARGUMENTS.items():
        added = commands.add_parser(name, help=runs[name].__doc__, description=runs[name].__doc__)
        added.set_defaults(command=runs[name])
        fill(added)
        added.add_argument("--json", action="store_true", help="print the result as JSON")
    return top


def _describe(added: Parser) -> None:
    which = added.add_mutually_exclusive_group(required=True)
    which.add_argument("--recipe", metavar="R", help=_RECIPES)
    which.add_argument("--all", action="store_true", help="all recipes in one table")
    _settings(added)


def _train(added: Parser) -> None:
    added.add_argument("--recipe", required=True, metavar="R", help=_RECIPES)
    added.add_argument("--snapshot", required=True, type=Path, metavar="DIR")
    added.add_argument("--out", required=True, type=Path, metavar="DIR")
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--resume", action="store_true", help="go on where this folder's run stopped")
    _settings(added)
    _code_version(added)
    _machine(added)


def _evaluate(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    added.add_argument("--snapshot", required=True, type=Path, metavar="DIR")
    added.add_argument(
        "--trained-on", type=Path, metavar="DIR", help="the snapshot that the model was trained on, if it is another"
    )
    added.add_argument("--out", type=Path, metavar="FILE", help="write the report here as well")
    _machine(added)


def _contest(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR", help="the new model")
    added.add_argument(
        "--against", type=Path, metavar="DIR", help="the model in use (default: predictors that know nothing)"
    )
    added.add_argument("--snapshot", required=True, type=Path, metavar="DIR", help="whose held-out pairs are measured")
    for option, whose in (("--trained-on", "the new model"), ("--against-trained-on", "the other")):
        added.add_argument(option, type=Path, metavar="DIR", help=f"the snapshot of {whose}, if it is another")
    added.add_argument("--out", required=True, type=Path, metavar="FILE", help="the result, as JSON")
    added.add_argument(
        "--least",
        type=_positive,
        default=LEAST_PAIRS,
        metavar="N",
        help=f"with fewer pairs nothing is told apart (default: {LEAST_PAIRS})",
    )
    added.add_argument("--resamples", type=_positive, default=RESAMPLES, metavar="N", help=f"default: {RESAMPLES}")
    added.add_argument("--seed", type=int, default=0, help="of the resamples")
    added.add_argument(
        "--events", type=Path, metavar="FILE", help=f"progress goes here (default: {EVENTS_NAME} beside --out)"
    )
    _machine(added)


def _report(added: Parser) -> None:
    added.add_argument(
        "--run", required=True, type=Path, metavar="DIR", help="a run's folder, or the file that evaluate --out wrote"
    )
    added.add_argument("--out", required=True, type=Path, metavar="FILE", help="ending with .html or .md")


def _compare(added: Parser) -> None:
    added.add_argument("--snapshot", required=True, type=Path, metavar="DIR")
    added.add_argument("--rows", choices=tuple(TABLES), default="all", help="of which table (default: all)")
    added.add_argument("--size", choices=tuple(recipes.SIZES), default="tiny", help="of every model (default: tiny)")
    added.add_argument("--seeds", type=_positive, default=1, metavar="N", help="train each row N times (default: 1)")
    added.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the runs here, and go on from what is there already"
    )
    _settings(added)
    _code_version(added)
    _machine(added)


def _score(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    source = added.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--snapshot", type=Path, metavar="DIR", help="pairs name painting_id and clip_id of this snapshot"
    )
    source.add_argument(
        "--arrays", type=Path, metavar="DIR", help="pairs name painting_row and clip_row of the arrays here"
    )
    which = added.add_mutually_exclusive_group(required=True)
    which.add_argument("--pairs", type=Path, metavar="CSV")
    which.add_argument("--matrix", action="store_true", help="every painting with every clip, as a float16 matrix")
    added.add_argument("--out", required=True, type=Path, metavar="CSV", help="a CSV; with --matrix a folder")
    added.add_argument(
        "--share",
        type=_share,
        default=(0, 1),
        metavar="I/N",
        help="with --matrix: the I-th of N shares (from 0), each a process of its own with the same --out",
    )
    added.add_argument(
        "--clips",
        type=_positive,
        default=64,
        metavar="N",
        help="with --matrix: clips saved at a time (default: 64)",
    )
    added.add_argument(
        "--events", type=Path, metavar="FILE", help=f"progress goes here (default: {EVENTS_NAME} beside --out)"
    )
    added.add_argument(
        "--features",
        type=Path,
        metavar="NPY",
        help="with --pairs: write the head's linearised features here as well, float32, one row a pair",
    )
    added.add_argument("--batch", type=_positive, help="pairs at a time")
    _machine(added)


def _serve(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    _machine(added)


def _choose(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR", help="the model that scored the pairs")
    added.add_argument("--scores", required=True, type=Path, metavar="CSV", help="what score wrote")
    added.add_argument("--features", type=Path, metavar="NPY", help="what score --features wrote of the same pairs")
    added.add_argument(
        "--labelled", type=Path, metavar="NPY", help="features of pairs with human scores: centres of coreset and lcmd"
    )
    added.add_argument(
        "--members",
        type=Path,
        nargs="+",
        default=[],
        metavar="CSV",
        help="the same pairs scored by other models: with --scores they are the ensemble",
    )
    added.add_argument(
        "--method", type=Method, choices=tuple(Method), default=DEFAULT_METHOD, metavar="M", help=_METHODS
    )
    added.add_argument("--count", required=True, type=_positive, metavar="N", help="how many pairs to ask about")
    added.add_argument("--per-painting", type=_positive, metavar="N", help="at most so many of one painting")
    added.add_argument("--per-clip", type=_positive, metavar="N", help="at most so many of one clip")
    added.add_argument(
        "--control", type=float, default=0.2, metavar="S", help="share that is drawn by lot (default: 0.2)"
    )
    added.add_argument(
        "--band", type=float, nargs=2, default=BAND, metavar=("LO", "HI"), help="ambiguous scores (default: 0.4 0.6)"
    )
    added.add_argument(
        "--sure", type=float, default=SURE_SD, metavar="SD", help=f"a score is sure up to this deviation ({SURE_SD})"
    )
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--out", required=True, type=Path, metavar="CSV")


def _simulate_al(added: Parser) -> None:
    added.add_argument("--snapshot", required=True, type=Path, metavar="DIR", help="all of its pairs are rated")
    added.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="finished curves there are not done again"
    )
    added.add_argument("--recipe", default=STUDY_RECIPE, metavar="R", help=f"{_RECIPES} (default: {STUDY_RECIPE})")
    added.add_argument("--methods", type=Method, nargs="+", choices=tuple(Method), default=tuple(Method), metavar="M")
    added.add_argument("--seeds", type=int, nargs="+", default=SEEDS, metavar="S", help="default: 0 1 2 3 4")
    for name, words in _STUDY.items():
        added.add_argument(
            f"--{name}",
            type=_positive,
            default=AMOUNTS[name],
            metavar="N",
            help=f"{words} (default: %(default)s)",
        )
    added.add_argument("--fast", action="store_true", help="train once a seed, then fit the last layer alone")
    _settings(added)
    _machine(added)


def _maps(added: Parser) -> None:
    added.add_argument("--checkpoint", required=True, type=Path, metavar="DIR")
    added.add_argument("--painting", required=True, metavar="P", help="a picture file, or a painting_id of --snapshot")
    added.add_argument("--music", required=True, metavar="M", help="a sound file, or a clip_id of --snapshot")
    added.add_argument(
        "--start", type=float, default=0.0, metavar="S", help="where in the sound file its 15 s begin (default: 0 s)"
    )
    added.add_argument(
        "--snapshot", type=Path, metavar="DIR", help="adds the contrast of this music to all clips of this snapshot"
    )
    added.add_argument("--norm", type=int, choices=(1, 2), default=1, help="over channels: 1 (paper) or 2 (its code)")
    added.add_argument("--out", required=True, type=Path, metavar="DIR")
    _machine(added)


def _adaptors(added: Parser) -> None:
    added.add_argument("dataset", choices=tuple(DATASETS))
    added.add_argument("--data", required=True, type=Path, metavar="DIR", help="the data set as it was published")
    added.add_argument("--checkpoint", type=Path, metavar="DIR", help="measure this model on it")
    added.add_argument("--images", type=Path, metavar="DIR", help="files named for their ids (default: DIR/images)")
    added.add_argument("--sounds", type=Path, metavar="DIR", help="files named for their ids (default: DIR/audio)")
    added.add_argument(
        "--pairs", type=_positive, default=10_000, metavar="N", help="so many are drawn of IMAC (default: 10000)"
    )
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--out", type=Path, metavar="FILE", help="write the result here as JSON as well")
    _machine(added)


def _settings(added: Parser) -> None:
    added.add_argument("--set", action="append", default=[], metavar="name=value", help="replace one setting")


def _code_version(added: Parser) -> None:
    added.add_argument("--code-version", default="", help="what to call the code (default: the commit, or the version)")


def _machine(added: Parser) -> None:
    added.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    added.add_argument("--threads", type=_positive, help="CPU threads (default: torch's own choice)")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return value


def _share(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise argparse.ArgumentTypeError(f"must be I/N with I from 0 to N - 1, for example 0/4, not {text}")
    return int(index), int(count)


_RECIPES = f"one of {', '.join(recipes.NAMES)}; R@S is R in another size S, one of {', '.join(recipes.SIZES)}"
_STUDY = {
    "start": "pairs that are labelled before the first round",
    "rounds": "rounds of choosing and training",
    "batch": "pairs that are labelled in a round",
    "pool": "candidates a seed",
    "measured": "test pairs at the most",
    "members": "models of the ensemble",
    "steps": "steps of training on the start; a round takes optim.regression_steps",
}
_METHODS = f"one of {', '.join(Method)} (default: {DEFAULT_METHOD})"
_ARGUMENTS: Mapping[str, Callable[[Parser], None]] = {
    "describe": _describe,
    "train": _train,
    "evaluate": _evaluate,
    "contest": _contest,
    "report": _report,
    "compare": _compare,
    "score": _score,
    "serve": _serve,
    "choose": _choose,
    "simulate-al": _simulate_al,
    "maps": _maps,
    "adaptors": _adaptors,
}
