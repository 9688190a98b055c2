"""Dataset building: pure functions over frozen records. No Django, no torch, no network."""
