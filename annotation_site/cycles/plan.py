"""What a cycle does: a schedule's settings as one frozen value, kept with the cycle, and the same in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from annotation_site.cycles.machine import StepKind
from annotation_site.cycles.models import Schedule
from annotation_site.rescoring.models import Method, Pool


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of one cycle. Changing the schedule does not change a cycle that has begun."""

    snapshot_recipe: str
    snapshot_overrides: Mapping[str, Any]
    recipe: str
    overrides: Mapping[str, Any]
    seed: int
    device: str
    processes: int
    promotes: bool
    least_pairs: int
    pool: str
    pool_size: int
    ask_for: int
    method: str
    control_share: float

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        return cls(**{field.name: getattr(schedule, field.name) for field in fields(cls)})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def words(plan: Plan) -> dict[StepKind, str]:
    """What each step will do, in its order."""
    promoted = "make it the active version" if plan.promotes else "name it to an admin, who may promote it"
    return {
        StepKind.EXPORT: f"Export a snapshot by the recipe {plan.snapshot_recipe}{_but(plan.snapshot_overrides)}.",
        StepKind.TRAIN: f"Train {plan.recipe}{_but(plan.overrides)} on it, with seed {plan.seed}, on {_device(plan)}.",
        StepKind.CONTEST: (
            "Measure it beside the active version on test pairs that neither has seen"
            f" ({plan.least_pairs:,} of them at the least)."
        ),
        StepKind.PROMOTE: f"If it is better beyond its interval, {promoted}; else the active version stays.",
        StepKind.RESCORE: f"Let the active version score {_pool(plan)}.",
        StepKind.PROPOSE: (
            f"Propose {plan.ask_for:,} of them ({_method(plan)}) to an admin, who approves what the raters score next."
        ),
    }


def _device(plan: Plan) -> str:
    return plan.device if plan.processes == 1 else f"{plan.device} in {plan.processes} processes"


def _pool(plan: Plan) -> str:
    return f"{plan.pool_size:,} unrated pairs" if plan.pool == Pool.RANDOM else "every painting with every clip"


def _method(plan: Plan) -> str:
    if plan.method == Method.RANDOM:
        return "drawn at random"
    label = str(Method(plan.method).label)
    return f"{label[:1].lower()}{label[1:]}, {100 * plan.control_share:.0f} % of them drawn at random"


def _but(overrides: Mapping[str, Any]) -> str:
    changed = ", ".join(f"{name} = {value}" for name, value in sorted(overrides.items()))
    return f" with {changed}" if changed else ""
