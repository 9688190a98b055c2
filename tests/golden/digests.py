"""Digests of snapshots that must never change by accident: SHA-256 over all their tables, media and arrays.

They hold for one version of the tables' format, one recipe and one pyarrow. Whoever changes the format on purpose
raises its version and writes the new digests here: a test that fails prints them.
"""

FIXED_CAMPAIGN = "7e27ebd6d38a3816cd210ccbb6ee4818c9d463ccc561426ac03292056d53ad60"
"""`tests/snapshots/fixed_campaign.py`, on either database."""

SMALL_JUDGMENTS = "e60fa5e1318f78f34e71ec06772c4376fa77e4763675e20e3c7004d3d88789be"
"""`tests/mpd_builder/small_judgments.py` with media made by its tests."""

SMALL_DEMO = "bf13382c5000b2ee263ca7a7cd5124306285bf6951ea0247c1cbcf8829d9b94b"
"""`mpd_builder.synthesize` of 8 paintings, 3 tracks and 24 pairs from seed 1, recipe `demo`, with media and arrays.

It was the same with and without AVX2, AVX-512 and the SIMD of libjpeg-turbo.
"""
