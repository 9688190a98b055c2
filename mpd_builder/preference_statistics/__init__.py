"""What votes say beside their outcomes: agreement, side bias, cycles, and a scale for each query.

`ballots` reads tasks and votes once; everything else counts what it gives. All of it is exact or says what it assumes,
and costs about as much as there are votes.
"""

from mpd_builder.preference_statistics.agreements import (
    Agreement,
    RaterAgreement,
    agreement,
    rater_agreement,
    votes_alpha,
)
from mpd_builder.preference_statistics.arrays import Ballots, ballots
from mpd_builder.preference_statistics.cycles import (
    CYCLIC_BY_CHANCE,
    Cycle,
    QueryTransitivity,
    Transitivity,
    transitivity,
)
from mpd_builder.preference_statistics.queries import LEAST_CANDIDATES, QueryScale, query_scales
from mpd_builder.preference_statistics.ranks import QueryRanks, RankAgreement, RankReport, rank_agreement
from mpd_builder.preference_statistics.scales import PRIOR, Scale, Unbounded, bradley_terry
from mpd_builder.preference_statistics.shares import Share, clopper_pearson, fair_coin_p, holm, wilson
from mpd_builder.preference_statistics.sides import SideBias, SideReport, side_bias

__all__ = [
    "CYCLIC_BY_CHANCE",
    "LEAST_CANDIDATES",
    "PRIOR",
    "Agreement",
    "Ballots",
    "Cycle",
    "QueryRanks",
    "QueryScale",
    "QueryTransitivity",
    "RankAgreement",
    "RankReport",
    "RaterAgreement",
    "Scale",
    "Share",
    "SideBias",
    "SideReport",
    "Transitivity",
    "Unbounded",
    "agreement",
    "ballots",
    "bradley_terry",
    "clopper_pearson",
    "fair_coin_p",
    "holm",
    "query_scales",
    "rank_agreement",
    "rater_agreement",
    "side_bias",
    "transitivity",
    "votes_alpha",
    "wilson",
]
