"""Make the user `admin` with the password given on standard input, so that it never stands in a process list."""

from __future__ import annotations

import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation_site.accounts.models import User


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *, username: str, **_: object) -> None:
        password = sys.stdin.readline().rstrip("\n")
        if User.objects.filter(username=username).exists():
            raise CommandError(f"There is a user {username!r} already.")
        try:
            validate_password(password, User(username=username))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        User.objects.create_superuser(username=username, password=password)
        self.stdout.write(f"Made the admin {username!r}.")
