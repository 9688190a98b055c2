"""MPJudge in PyTorch: configs, training, evaluation, scoring. Needs no Django.

`model.config`, `model.recipes`, `model.events`, `model.failures`, `model.files`, `model.metrics`, `model.contest`,
`model.acquisition` and `model.choicefile` do not load torch, so that a web process may use them.
"""

__version__ = "0.1.0"
