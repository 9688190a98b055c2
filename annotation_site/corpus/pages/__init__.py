"""Pages about the corpus that belong to no single table."""
