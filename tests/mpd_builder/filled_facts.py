"""Facts that only a site can fill in, as a small snapshot might have them."""

from typing import Any

from mpd_builder.snapshot.dataset import AlphaFact, ProtocolFact

TEXTS = {"1": "# Consent\n\nYou may stop at any time.", "Draft 2": "# Consent\n\nAs before.\n\n\n"}
FILLED: dict[str, Any] = {
    "score_alpha": AlphaFact(0.962, 0.951, 0.973, 8, 40),
    "dispersion_histogram": (0, 2, 4, 1, 1, *(0,) * 15),
    "styles": {"": 1, "Cubism": 2, "Ukiyo-e": 11},
    "genres": {"Jazz": 12, "": 3},
    "collected_from": "2026-01-03",
    "collected_until": "2026-03-20",
    "protocol_versions": (
        ProtocolFact("1", "2026-01-01", "ab" * 32, 30),
        ProtocolFact("Draft 2", "", "cd" * 32, 10),
    ),
    "backgrounds": {"role": {"graduate": 5, "art_teacher": 4}, "training_years": {"5-9": 6, "other": 3}},
}
