"""Who is asking: tokens for programs, and what the API knows of the person."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation_site.accounts.admission import rater_of
from annotation_site.accounts.models import User
from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import user_of


class TooManyAttempts(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "throttled"
    default_detail = "Too many failed attempts. Wait a few minutes, then try again."


class WrongCredentials(exceptions.APIException):
    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "wrong_credentials"
    default_detail = "This user name and password do not go together."


class SecondFactorNeeded(WrongCredentials):
    default_code = "second_factor_needed"
    default_detail = "This account has a second factor: send a fresh code from it as `code`."


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False)
    code = serializers.CharField(
        default="", allow_blank=True, help_text="Of the second factor, if the account has one."
    )


class TokenGiven(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as the header `Authorization: Token ...`.")


class Me(serializers.Serializer[Any]):
    username = serializers.CharField()
    is_admin = serializers.BooleanField(source="is_staff")
    rater = serializers.CharField(allow_null=True, help_text="The rater's pseudonym; null for who does not judge.")


class TokenView(APIView):
    """One token a person. It opens what the person may see, until it is given back."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=Credentials,
        responses={200: TokenGiven, 400: Refusal, 401: Refusal, 429: Refusal},
        auth=[],
        operation_id="token_create",
    )
    def post(self, request: Request) -> Response:
        """Get the token of an account. Failed attempts count together with those of the log-in page."""
        sent = Credentials(data=request.data)
        sent.is_valid(raise_exception=True)
        user = _authenticated(request, **sent.validated_data)
        token, _ = Token.objects.get_or_create(user=user)
        return Response({"token": token.key})


def _authenticated(request: Request, *, username: str, password: str, code: str) -> User:
    try:
        user = get_adapter().authenticate(request._request, username=username, password=password)
    except ValidationError:
        raise TooManyAttempts from None
    if user is None or not user.is_active:  # allauth's backend also knows people whose account is closed
        raise WrongCredentials
    if is_mfa_enabled(user):
        if not code:
            raise SecondFactorNeeded
        if not AuthenticateForm(data={"code": code}, user=user).is_valid():
            raise SecondFactorNeeded("This code is not right, or no longer. Send a fresh one.")
    return cast(User, user)


class MeView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: Me, 401: Refusal}, operation_id="me")
    def get(self, request: Request) -> Response:
        """Who the token or the session belongs to."""
        rater = rater_of(request._request)
        user = user_of(request)
        shown = {"username": user.username, "is_staff": user.is_staff, "rater": rater.code if rater else None}
        return Response(Me(shown).data)


class OwnTokenView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None, 401: Refusal}, operation_id="token_destroy")
    def delete(self, request: Request) -> Response:
        """Give the own token back: it opens nothing any more."""
        Token.objects.filter(user=user_of(request)).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
