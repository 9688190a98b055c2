"""The site's own settings, read in the tests' surroundings; only password hashing is made cheap."""

from tests import environment  # noqa: F401, I001 - must come before the settings, which read the environment
from annotation_site import settings as site

globals().update({name: value for name, value in vars(site).items() if name.isupper()})
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
