"""The rescoring room in the admin panel."""

from annotation_site.rescoring.admin.proposals import ProposalAdmin
from annotation_site.rescoring.admin.rescorings import RescoringAdmin

__all__ = ["ProposalAdmin", "RescoringAdmin"]
