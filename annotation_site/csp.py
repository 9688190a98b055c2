"""Content-Security-Policy: strict everywhere, relaxed only where the admin's theme and the API's browser need it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

STRICT: dict[str, object] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:", "blob:"],
    "media-src": ["'self'", "blob:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "manifest-src": ["'self'"],
}

# Unfold's Alpine evaluates expressions and sets style attributes; Swagger UI sets style attributes.
ADMIN = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}
API_DOCS = {"style-src": ["'unsafe-inline'"]}


class RelaxByPath:
    """Adds the exceptions by path. It must stand inside (below) `csp.middleware.CSPMiddleware`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = ADMIN  # type: ignore[attr-defined]
        elif request.path.startswith("/api/docs/"):
            response._csp_update = API_DOCS  # type: ignore[attr-defined]
        return response
