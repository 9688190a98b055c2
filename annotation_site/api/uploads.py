"""Sending files: an upload is begun, its files announced, and each comes in parts that may stop and go on."""

from __future__ import annotations

import tempfile
from typing import IO, Any

from django.core.files.base import File
from django.http import Http404, UnreadablePostError
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import user_of
from annotation_site.corpus.models import Upload, UploadedFile
from annotation_site.corpus.uploads import (
    PART_BYTES,
    files_add,
    part_put,
    upload_begin,
    upload_of,
    upload_remove,
)

MOST_AT_ONCE = 1000
_BLOCK = 64 * 1024
_IN_MEMORY = 2**20


class PartCut(exceptions.APIException):
    status_code = 400
    default_code = "part_cut"
    default_detail = "The part broke off on its way. Send it again."


class PartTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_much"
    default_detail = f"A part holds 1 to {PART_BYTES:,} bytes, and its length is said in the header Content-Length."


class UploadInUse(exceptions.APIException):
    status_code = 409
    default_code = "upload_in_use"
    default_detail = "An import still needs this upload. Cancel the import first."


class FileSerializer(serializers.ModelSerializer[UploadedFile]):
    class Meta:
        model = UploadedFile
        fields = ("id", "name", "size", "received")


class UploadSerializer(serializers.ModelSerializer[Upload]):
    files = FileSerializer(many=True)

    class Meta:
        model = Upload
        fields = ("key", "created_at", "touched_at", "removed_at", "files")


class FileAnnounced(serializers.Serializer[Any]):
    name = serializers.CharField(trim_whitespace=False)
    size = serializers.IntegerField(min_value=0, max_value=2**62)


class PartKept(serializers.Serializer[Any]):
    received = serializers.IntegerField(help_text="Bytes of the file that are here, from its start: go on there.")


class WrongOffsetRefusal(Refusal):
    received = serializers.IntegerField(help_text="Where the file goes on.")


class RawBytes(BaseParser):
    """The body as it comes, unread: whatever its type, it is bytes of a file."""

    media_type = "application/octet-stream"

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Any = None) -> Any:
        return stream


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "array", "items": schema, "maxItems": MOST_AT_ONCE}]}


FILE_ANNOUNCED = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {
        "name": {"type": "string", "description": "Relative, with / between folders."},
        "size": {"type": "integer", "minimum": 0, "description": "In bytes."},
    },
}


class UploadViewSet(viewsets.GenericViewSet[Upload]):
    """An admin's own uploads. Another's are as if they were not there."""

    queryset = Upload.objects.none()
    serializer_class = UploadSerializer
    lookup_field = "key"
    lookup_value_converter = "uuid"
    filter_backends = []
    pagination_class = None

    def get_object(self) -> Upload:
        upload = upload_of(user=user_of(self.request), key=self.kwargs["key"])
        if upload is None:
            raise Http404
        return upload

    @extend_schema(request=None, responses={201: UploadSerializer})
    def create(self, request: Request) -> Response:
        """Begin an upload. Whoever begins it is the only one who may send into it."""
        upload = upload_begin(user=user_of(request), now=timezone.now())
        return Response(self.get_serializer(upload).data, status=201)

    @extend_schema(responses={200: UploadSerializer, 404: Refusal})
    def retrieve(self, request: Request, key: str) -> Response:
        """The files with how much of each has come: after a cut, go on there."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={204: None, 404: Refusal, 409: Refusal})
    def destroy(self, request: Request, key: str) -> Response:
        """Throw away what has come. What was imported from it stays in the corpus."""
        if not upload_remove(upload=self.get_object(), now=timezone.now()):
            raise UploadInUse
        return Response(status=204)

    @extend_schema(
        request={"application/json": _one_or_many(FILE_ANNOUNCED)},
        responses={
            (201, "application/json"): _one_or_many({"$ref": "#/components/schemas/File"}),
            400: Refusal,
            404: Refusal,
            409: Refusal,
            413: Refusal,
        },
    )
    @action(detail=True, methods=["post"])
    def files(self, request: Request, key: str) -> Response:
        """Announce one file, or a list of up to 1,000. One that was announced before tells how much of it is here."""
        upload, many = self.get_object(), isinstance(request.data, list)
        if many and len(request.data) > MOST_AT_ONCE:
            raise exceptions.ValidationError(f"Announce at most {MOST_AT_ONCE:,} files at a time.")
        wanted = FileAnnounced(data=request.data, many=many)
        wanted.is_valid(raise_exception=True)
        announced = wanted.validated_data if many else [wanted.validated_data]
        found = files_add(upload=upload, files=[(file["name"], file["size"]) for file in announced], now=timezone.now())
        return Response(FileSerializer(found if many else found[0], many=many).data, status=201)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("offset", int, required=True, description="Where in the file the part begins.")],
        responses={200: PartKept, 400: Refusal, 404: Refusal, 409: WrongOffsetRefusal, 413: Refusal, 507: Refusal},
    )
    @action(
        detail=True,
        methods=["put"],
        url_path=r"files/(?P<file_id>\d{1,18})",
        parser_classes=[RawBytes],
        url_name="part",
    )
    def part(self, request: Request, key: str, file_id: str) -> Response:
        """Send the next part of a file, at most 8 MiB. Repeating one is harmless; 409 says where the file goes on."""
        file = UploadedFile.objects.select_related("upload").filter(upload=self.get_object(), pk=int(file_id)).first()
        if file is None:
            raise Http404
        offset = request.query_params.get("offset", "")
        if not offset.isascii() or not offset.isdecimal() or len(offset) > 18:
            raise exceptions.ValidationError({"offset": "Say where in the file the part begins, in bytes."})
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            length = _read_body(request, body)
            content: File[bytes] = File(body, name=file.name)
            content.size = length
            received = part_put(file=file, offset=int(offset), content=content, now=timezone.now())
        return Response(PartKept({"received": received}).data)


def _read_body(request: Request, body: IO[bytes]) -> int:
    """Read the request's body in blocks, up to a part's size; how many bytes came. A cut body is refused."""
    said = request.headers.get("Content-Length", "")
    length = int(said) if said.isascii() and said.isdecimal() and len(said) < 12 else 0
    if not 0 < length <= PART_BYTES:
        raise PartTooLarge
    left, stream = length, request.stream
    try:
        while left and stream is not None and (block := stream.read(min(_BLOCK, left))):
            left -= len(block)
            body.write(block)
    except UnreadablePostError:
        raise PartCut from None
    if left:
        raise PartCut
    body.seek(0)
    return length
