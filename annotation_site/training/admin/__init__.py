"""The training room in the admin panel: runs and model versions."""

from annotation_site.training.admin.runs import TrainingRunAdmin
from annotation_site.training.admin.versions import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "TrainingRunAdmin"]
