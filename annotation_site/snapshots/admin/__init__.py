"""The snapshots room in the admin panel."""

from annotation_site.snapshots.admin.snapshots import SnapshotAdmin
from annotation_site.snapshots.admin.verifications import VerificationAdmin

__all__ = ["SnapshotAdmin", "VerificationAdmin"]
