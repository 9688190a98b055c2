"""Who a session belongs to, looked up at every request: so by a prepared statement, together with their rater row."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from annotation_site.accounts.models import User
from annotation_site.prepared import Prepared, bound

_BY_ID = Prepared(lambda: User.objects.select_related("rater").filter(pk=bound(User, "id")))


class AccountBackend(ModelBackend):
    """Django's own, with a quicker look-up."""

    def get_user(self, user_id: int) -> User | None:
        user = _BY_ID.first(id=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
