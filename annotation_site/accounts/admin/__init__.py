"""Users, raters and invitations in the admin panel."""

from annotation_site.accounts.admin.invitations import InvitationAdmin
from annotation_site.accounts.admin.raters import RaterAdmin
from annotation_site.accounts.admin.users import UserAdmin

__all__ = ["InvitationAdmin", "RaterAdmin", "UserAdmin"]
