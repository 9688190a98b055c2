"""The baselines of the paper's Table 2, with MPJudge's interface, so that one loop trains them all on the same data.

What is known of each, and what is ours, is said in `docs/baselines.md`.
"""

from __future__ import annotations

from collections.abc import Mapping

from model.baselines.acpnet import ACPNet
from model.baselines.cdcml_like import CDCMLLike
from model.baselines.l3net import L3Net
from model.interface import Judge

BASELINES: Mapping[str, type[Judge]] = {"l3net": L3Net, "acpnet": ACPNet, "cdcml-like": CDCMLLike}
