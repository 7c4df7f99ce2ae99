"""The OpenAPI page of the Rehook stand-in: what its answers are checked against."""

from typing import Any

_TEXT = {"type": "string"}
_POINTS = {"type": "number"}


def _object(fields: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


_ERROR = _object(
    {
        "code": {"type": "integer"},
        "key": _TEXT,
        "message": _TEXT,
        "details": _TEXT,
        "request_id": _TEXT,
    },
    optional=("key", "details"),
)
_WALLET = _object(
    dict.fromkeys(("wallet_id", "wallet_name", "currency", "singular_unit_name", "plural_unit_name"), _TEXT)
    | {"loyalty_points": _POINTS},
    optional=("loyalty_points",),
)
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}
_TRANSACTION = _object(
    {
        "transaction_id": {"type": "string", "pattern": "^trhi_[A-Za-z0-9]{21}$"},
        "type": {"enum": ["credit", "debit"]},
        "points": _POINTS,
        "description": _TEXT,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    }
)
_RECEIPT = _object(
    {
        "requestId": {"type": "string", "format": "uuid"},
        "txn_id": {"type": "string", "pattern": "^trhi_[A-Za-z0-9]{21}$"},
        "id": _TEXT,
        "wallet_id": _TEXT,
        "loyalty_points": _POINTS,
        "previous_loyalty_points": _POINTS,
        "points": _POINTS,
        "description": _TEXT,
    }
)
_MOVEMENT = {
    "type": "object",
    "properties": {
        "description": _TEXT,
        "points": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1_000_000},
        "type": {"enum": ["credit", "debit"]},
    },
    "required": ["points", "type"],
}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _or_empty(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON answer, or the empty one that a wrong wallet id gets."""
    answer = _json(description, schema)
    answer["content"]["text/html"] = {"schema": {"type": "string", "maxLength": 0}}
    return answer


def _responses(success: dict[str, Any], *, not_found_as_text: bool = False) -> dict[str, Any]:
    not_found = _json("No such customer, or a part of the path is missing", _ERROR)
    if not_found_as_text:
        not_found["content"]["text/plain"] = {"schema": _TEXT}
    return {
        "200": success,
        "400": _json("Invalid payload", _ERROR),
        "401": _json("Bad credentials, or the type is missing", _ERROR),
        "404": not_found,
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def document(page_size: int) -> dict[str, Any]:
    """Give the OpenAPI 3 document for pages of *page_size* rows."""
    rows = {"type": "array", "items": _TRANSACTION, "maxItems": page_size}
    page = {
        "name": "page",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    }
    history = {
        "operationId": "transactions",
        "parameters": [page],
        "responses": _responses(_or_empty("A page of the history, newest first", rows)),
    }
    move = {
        "operationId": "move",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _MOVEMENT}}},
        "responses": _responses(_or_empty("The movement", _RECEIPT), not_found_as_text=True),
    }
    wallets = {
        "operationId": "wallets",
        "responses": _responses(_json("The customer's wallets", {"type": "array", "items": _WALLET})),
    }
    both = [_parameter("source_id"), _parameter("wallet_id")]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Rehook wallets (sandbox)", "version": "1"},
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "security": [{"basic": []}],
        "paths": {
            "/wallets/customer/{source_id}": {"parameters": [_parameter("source_id")], "get": wallets},
            "/wallets/customer/{source_id}/transactions/{wallet_id}": {
                "parameters": both,
                "get": history,
                "put": move,
            },
        },
    }
