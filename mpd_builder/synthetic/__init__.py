"""A corpus with planted truth, painted and composed by code, and simulated raters who score it."""

from mpd_builder.synthetic.corpus import make_corpus
from mpd_builder.synthetic.latents import Latents
from mpd_builder.synthetic.raters import Panel, panel
from mpd_builder.synthetic.truth import Truth

__all__ = ["Latents", "Panel", "Truth", "make_corpus", "panel"]
