"""Measured figures: `make bench` prints one table. Ratios against a floor in the same run; times are hints only."""
