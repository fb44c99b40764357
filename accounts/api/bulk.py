"""Many of a kind in one request: each row is done, or refused, on its own."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.api.errors import answer_error
from accounts.errors import DomainError

MAX_ROWS = 100
"""So many passwords can be hashed while somebody waits."""


class RowsSerializer(serializers.Serializer):
    """Rows, each what the request for a single one takes."""

    rows = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MAX_ROWS)


class RowResultSerializer(serializers.Serializer):
    """The status and the body that a single request would have been answered with."""

    index = serializers.IntegerField(help_text="The row, counted from 0.")
    status = serializers.IntegerField(help_text="An HTTP status.")
    body = serializers.DictField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One done, one refused",
            value={
                "succeeded": 1,
                "failed": 1,
                "results": [
                    {"index": 0, "status": 200, "body": {"message": "mira.k is enrolled."}},
                    {"index": 1, "status": 404, "body": {"detail": "Not found."}},
                ],
            },
        )
    ]
)
class ResultsSerializer(serializers.Serializer):
    """What became of each row, in their order."""

    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = RowResultSerializer(many=True)


def answer_rows(
    data: Any, do: Callable[[Any], Any], status: HTTPStatus = HTTPStatus.CREATED
) -> Response:
    """Have `do` take each row, and gather what it returns or refuses.

    Args:
        data: the request's body.
        do: returns the body of a single answer. It writes all it writes in one transaction of its
            own, and hashes passwords before that, or nobody else could write meanwhile.
        status: of a row that went well.
    """
    serializer = RowsSerializer(data=data)
    serializer.is_valid(raise_exception=True)
    results = [
        {"index": index, **_result(row, do, status)}
        for index, row in enumerate(serializer.validated_data["rows"])
    ]
    failed = sum(result["status"] >= HTTPStatus.BAD_REQUEST for result in results)
    return Response(
        {"succeeded": len(results) - failed, "failed": failed, "results": results},
        status=HTTPStatus.OK,
    )


def _result(row: Any, do: Callable[[Any], Any], status: HTTPStatus) -> dict[str, Any]:
    try:
        return {"status": status.value, "body": do(row)}
    except (APIException, DomainError, Http404, IntegrityError) as error:
        answer = answer_error(error, {})
        if answer is None:
            raise
        return {"status": int(answer.status_code), "body": answer.data}
