"""The rescoring room's own pages in the admin panel."""
