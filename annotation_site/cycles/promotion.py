"""Whether a cycle's run is promoted: a pure decision on the verdict of its contest."""

from __future__ import annotations

from dataclasses import dataclass

from model.contest import Verdict

BETTER = "Better beyond its interval."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a contest found. `against` is the version it was held against, None for predictors that know nothing."""

    verdict: Verdict
    against: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to promote, whether the cycle ends here, and why."""

    promotes: bool
    is_last: bool
    words: str


def decide(outcome: Outcome, *, active: int | None, is_automatic: bool) -> Decision:
    """Promote only what is better beyond its interval than the version that is active now (by number, None for none).

    Where nothing is promoted the active version stays and rescores; without one the cycle ends.
    """
    stays = f"Version {active} stays." if active is not None else "No version is active, so nothing is rescored."
    is_last = active is None
    if outcome.against != active:
        changed = f"Version {active} was promoted" if active is not None else "The active version was taken back"
        return Decision(False, is_last, f"{changed} while this run was compared with {_name(outcome.against)}. {stays}")
    if outcome.verdict is not Verdict.BETTER:
        return Decision(False, is_last, f"{outcome.verdict.capitalize()}. {stays}")
    if not is_automatic:
        return Decision(False, is_last, f"{BETTER} It waits for an admin to promote it. {stays}")
    return Decision(True, False, BETTER)


def _name(against: int | None) -> str:
    return "predictors that know nothing" if against is None else f"version {against}"
