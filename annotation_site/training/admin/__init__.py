"""The training room in the admin panel: runs and model versions."""

from annotation_site.training.run_admin import TrainingRunAdmin
from annotation_site.training.version_admin import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "TrainingRunAdmin"]
