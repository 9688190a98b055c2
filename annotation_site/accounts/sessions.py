"""Sessions in the database, read at every request by a prepared statement."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from annotation_site.prepared import Prepared, bound

_LIVE = Prepared(
    lambda: Session.objects.filter(
        session_key=bound(Session, "session_key"), expire_date__gt=bound(Session, "expire_date", "now")
    )
)


class SessionStore(db.SessionStore):
    """Django's own, with a quicker look-up."""

    def _get_session_from_db(self) -> Session | None:
        session = _LIVE.first(session_key=self.session_key, now=timezone.now())
        if session is None:
            self._session_key = None
        return session
