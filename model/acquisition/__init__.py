"""Which pairs to ask people about next. Loads no torch.

`methods.py`: what each method wants to know first; `greedy.py`: the list, with caps and a control arm; `linear.py`,
`geometry.py`, `orders.py`: the methods themselves; `routing.py`: ratings, a preference task, or neither.

Shapes: N candidates, L labelled pairs, K features, E members of an ensemble.
"""

from model.acquisition.greedy import Choice, Reason, choose
from model.acquisition.methods import BAND, DEFAULT_METHOD, Known, Method
from model.acquisition.routing import SURE_SD, Route, route

CONTROL = Reason.CONTROL

__all__ = [
    "BAND",
    "CONTROL",
    "DEFAULT_METHOD",
    "SURE_SD",
    "Choice",
    "Known",
    "Method",
    "Reason",
    "Route",
    "choose",
    "route",
]
