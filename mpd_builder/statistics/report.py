"""Everything that is said about a campaign's ratings, in one call and a few passes over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.codes import Name
from mpd_builder.rater_statistics import RetestStatistics
from mpd_builder.reliability import Alpha, krippendorff_alpha
from mpd_builder.statistics.comparison import AggregatorFigures, compare_aggregators
from mpd_builder.statistics.figures import Figures, Settings
from mpd_builder.statistics.groupings import Grouping, by_score, by_week
from mpd_builder.statistics.model import RaterModel, rater_model
from mpd_builder.statistics.raters import TOO_FAST_MS, RaterFigures, rater_figures
from mpd_builder.statistics.ratings import RatingTable
from mpd_builder.statistics.screening import Screening, screen
from mpd_builder.statistics.slices import SliceTable, all_figures, whole


@dataclass(frozen=True, slots=True)
class ClusteredAlpha:
    """Alpha with an interval over clusters (paintings, tracks): pairs that share them are not independent."""

    name: str
    alpha: Alpha


@dataclass(frozen=True, slots=True)
class ModelledRater:
    """One rater in the rater model; None where nothing can be compared with them."""

    rater: Name
    bias: float | None
    inconsistency: float | None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """The rater model's account of itself, and every rater in it (see `model.RaterModel`)."""

    raters: tuple[ModelledRater, ...]
    components: int
    rounds: int
    converged: bool


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign's reliability: as a whole, by every grouping, by rater, and counted in other ways."""

    settings: Settings
    overall: Figures
    clustered: tuple[ClusteredAlpha, ...]
    slices: tuple[SliceTable, ...]
    raters: tuple[RaterFigures, ...]
    aggregators: tuple[AggregatorFigures, ...]
    model: ModelFigures
    screening: Screening


def campaign_report(
    table: RatingTable,
    *,
    settings: Settings | None = None,
    groupings: Iterable[Grouping] = (),
    clusters: Mapping[str, npt.ArrayLike] | None = None,
    retests: Sequence[RetestStatistics] = (),
    too_fast_ms: float = TOO_FAST_MS,
) -> CampaignReport:
    """Everything about a campaign.

    Slices are by the given groupings (of the table's ratings, (N,)), by week where the table has times, and by score
    band. `clusters` (N,) are what pairs share, by name. Raises ValueError for a rating off the scale.
    """
    settings = settings or Settings()
    known = whole(table, settings)
    weeks = [] if table.time_N is None else [by_week(table.time_N)]
    bands = by_score(table, known.scores, band=settings.band, scale=settings.scale)
    overall, slices = all_figures(table, [*groupings, *weeks, bands], settings=settings, known=known)
    model = rater_model(table)
    return CampaignReport(
        settings=settings,
        overall=overall,
        clustered=tuple(
            ClusteredAlpha(
                name,
                krippendorff_alpha(table.unit_N, table.value_N, clusters=labels, confidence=settings.confidence),
            )
            for name, labels in (clusters or {}).items()
        ),
        slices=slices,
        raters=rater_figures(table, retests=retests, too_fast_ms=too_fast_ms, units=known.units),
        aggregators=compare_aggregators(known.scores, model, band=settings.band),
        model=_model_figures(table, model),
        screening=screen(table),
    )


def _model_figures(table: RatingTable, model: RaterModel) -> ModelFigures:
    raters = tuple(
        ModelledRater(name, _defined(bias), _defined(inconsistency))
        for name, bias, inconsistency in zip(
            table.raters_R.tolist(), model.biases.tolist(), model.inconsistencies.tolist(), strict=True
        )
    )
    return ModelFigures(raters, model.components, model.rounds, model.converged)


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None
