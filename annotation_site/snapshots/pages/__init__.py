"""Pages of one or two sealed snapshots, beside the job's own page."""
