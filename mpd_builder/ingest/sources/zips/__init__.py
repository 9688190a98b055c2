"""Zip archives that nobody vouches for: their directory, their members, and the source made of them."""
