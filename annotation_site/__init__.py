"""The Django project. The Celery application is imported with it, so that `shared_task` finds its broker."""

from annotation_site.celery import app as celery_app

__all__ = ("celery_app",)
