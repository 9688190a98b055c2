"""Digests of snapshots that must never change by accident: SHA-256 over all their tables, media and arrays.

They hold for one version of the tables' format, one recipe and one pyarrow. Whoever changes the format on purpose
raises its version and writes the new digests here: a test that fails prints them.
"""

FIXED_CAMPAIGN = "e3b77efb5989112f64d980301c17477aa6feb65f29109acf9d418c209137f4d2"
"""`tests/snapshots/fixed_campaign.py`, on either database."""

SMALL_JUDGMENTS = "fc31097fe9eef277ec266fd0478b83cd5eeb656b1a384b7a186513d3ae31c6c8"
"""`tests/mpd_builder/small_judgments.py` with media made by its tests."""

SMALL_DEMO = "c3e2cbb5c2b1394e336c2b4fc7735b8c02100fcd5dd54d6f20af7d7362e0a5b4"
"""`mpd_builder.synthesize` of 8 paintings, 3 tracks and 24 pairs from seed 1, recipe `demo`, with media and arrays.

It was the same with and without AVX2, AVX-512 and the SIMD of libjpeg-turbo.
"""
