"""What people take away from the corpus room as files."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from annotation_site.corpus.models import ImportJob
from annotation_site.corpus.selectors import issues_csv


def issues_response(job: ImportJob) -> StreamingHttpResponse:
    """The report of what an import did not take, as a CSV file to save."""
    response = StreamingHttpResponse(issues_csv(job), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{job.pk}-issues.csv"'
    return response
