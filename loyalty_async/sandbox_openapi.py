"""The OpenAPI page of the Sipay stand-in: what its answers are checked against."""

from typing import Any

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": "string", "nullable": True}
_MONEY = {"type": "number"}
_INTEGER = {"type": "integer"}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{7})?\+00:00$"}


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


_BALANCE = _object({"available": _MONEY, "unavailable": _MONEY})
_LIMITS = (
    "max_balance",
    "topup_credit_limit",
    "topup_cash_limit",
    "withdrawal_limit",
    "payment_limit",
    "wallet_to_wallet_limit",
)
_WALLET_FIELDS: dict[str, Any] = {
    "id": _TEXT,
    "name": _TEXT,
    "account_number": _TEXT,
    "account_type": _TEXT,
    "created_date_utc": _MOMENT,
    "number": _TEXT,
    "phone_country_code": _TEXT_OR_NULL,
    "phone_number": _TEXT_OR_NULL,
    "email": _TEXT_OR_NULL,
    "total_balance": _MONEY,
    "monthly_incoming_total": _MONEY,
    "monthly_outgoing_total": _MONEY,
    "access_level_status_id": {"type": "integer"},
    "access_level_status": _TEXT,
    "payment_balance": _BALANCE,
    "cash_balance": _BALANCE,
    "transaction_limits": _object(dict.fromkeys(_LIMITS, _MONEY)),
    "kyc_level_status": _TEXT_OR_NULL,
    "currency_code": _TEXT,
    "user_kyc_info": _TEXT_OR_NULL,
    "is_topup_default": {"type": "boolean"},
    "tax_number": _TEXT_OR_NULL,
    "loyalty_record_required": {"type": "boolean"},
}
_INFO_FIELDS = _WALLET_FIELDS | {"user_kyc_info": {"type": "object"}, "tenant_id": _TEXT}
_ROW_TEXTS = ("id", "tenant_id", "wallet_id", "transaction_type", "transaction_status", "result_code")
_ROW_NULLS = (
    "tx_ref_correlation_id",
    "tx_additional_data_json",
    "ext_transaction_id",
    "from_account_number",
    "from_wallet_number",
    "to_account_number",
    "to_wallet_number",
)
_ROW = _object(
    dict.fromkeys((*_ROW_TEXTS, "currency_code", "description"), _TEXT)
    | dict.fromkeys(_ROW_NULLS, _TEXT_OR_NULL)
    | dict.fromkeys(("transaction_type_id", "transaction_status_id"), _INTEGER)
    | dict.fromkeys(("created_date_utc", "updated_date_utc", "completed_date_utc"), _MOMENT)
    | dict.fromkeys(("tx_base_amount", "tx_additional_fee", "tx_amount_with_additional_fee"), _MONEY)
    | {"tx_group_correlation_id": {"type": "integer", "nullable": True}}
)
_COUNT = {"type": "integer", "minimum": 0}
_HISTORY = _object(
    {
        "results": {"type": "array", "items": _ROW},
        "page_index": _COUNT,
        "last_row_index": _COUNT,
        "page_count": _COUNT,
    }
)
_INVALID = _object(
    {
        "status": {"enum": [1]},
        "code": {"enum": ["999"]},
        "message": _TEXT,
        "errors": {"type": "array", "items": _TEXT, "minItems": 1},
    }
)
_REFUSED = _object({"status": {"enum": [2]}, "code": {"enum": ["300", "301", "311"]}, "message": _TEXT})
_NAME = {"type": "string", "minLength": 1}
_MOVE = {
    "type": "object",
    "properties": {
        "wallet_number": _NAME,
        "amount": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1_000_000},
        "currency_code": _NAME,
        "ext_transaction_id": _NAME,
        "hash_key": _TEXT_OR_NULL,
        "account_number": _TEXT_OR_NULL,
        "tx_group_correlation_id": {"type": "integer", "nullable": True},
    },
    "required": ["wallet_number", "amount", "currency_code", "ext_transaction_id"],
}


def _envelope(payload: dict[str, Any]) -> dict[str, Any]:
    return _object({"status": {"enum": [0]}, "code": {"enum": ["100"]}, "message": _TEXT_OR_NULL, "payload": payload})


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _call(name: str, body: dict[str, Any], payload: dict[str, Any], failure: int) -> dict[str, Any]:
    good = _envelope(payload)
    responses = {"200": _json(good, "Done"), str(failure): _json({"oneOf": [_INVALID, _REFUSED]}, "Refused")}
    if failure == 200:
        responses = {"200": _json({"oneOf": [good, _INVALID, _REFUSED]}, "Done or refused")}
    empty = {"text/plain": {"schema": {"type": "string", "maxLength": 0}}}
    return {
        "post": {
            "operationId": name,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {**responses, "401": {"description": "No valid token", "content": empty}},
        }
    }


def _filter(first_page_index: int) -> dict[str, Any]:
    moment = {"type": "string", "format": "date-time"}
    names = (
        "ext_transaction_id",
        "id",
        "wallet_id",
        "wallet_number",
        "from_wallet_number",
        "to_wallet_number",
    )
    fields: dict[str, Any] = dict.fromkeys(names, _TEXT) | {
        "order_column": _NAME,
        "order_by": {"enum": ["asc", "desc"]},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 1000},
        "page_index": {"type": "integer", "minimum": first_page_index, "maximum": 1_000_000},
        "start_date": moment,
        "end_date": moment,
    }
    return {"type": "object", "properties": fields, "required": ["order_column"]}


def _token() -> dict[str, Any]:
    names = ("grant_type", "client_id", "client_secret", "scope")
    form = {"type": "object", "properties": dict.fromkeys(names, _TEXT), "required": list(names[:3])}
    reply = _object({"access_token": _TEXT, "token_type": _TEXT, "expires_in": {"type": "integer"}, "scope": _TEXT})
    content = {"application/x-www-form-urlencoded": {"schema": form}}
    return {
        "post": {
            "operationId": "token",
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": _json(reply, "A token"),
                "400": _json(_object({"error": _TEXT}), "Refused, as RFC 6749 says"),
            },
        }
    }


def document(failure_status: int, *, first_page_index: int) -> dict[str, Any]:
    """Give the OpenAPI 3 document for failures under *failure_status*."""
    account = {"type": "object", "properties": {"account_number": _NAME}, "required": ["account_number"]}
    number = {
        "type": "object",
        "properties": {"wallet_number": _NAME, "account_number": _TEXT_OR_NULL},
        "required": ["wallet_number"],
    }
    wallet, info = _object(_WALLET_FIELDS), _object({"wallet_info": _object(_INFO_FIELDS)})
    wanted = _filter(first_page_index)
    failure = failure_status
    return {
        "openapi": "3.0.3",
        "info": {"title": "Sipay loyalty wallets (sandbox)", "version": "1"},
        "paths": {
            "/v1/Wallet/IncreaseLoyaltyBalance": _call("credit", _MOVE, wallet, failure),
            "/v1/Wallet/DecreaseLoyaltyBalance": _call("debit", _MOVE, wallet, failure),
            "/v1/Wallet/AddLoyaltyProgram": _call("add_program", account, wallet, failure),
            "/v1/Wallet/Info": _call("wallet", number, info, failure),
            "/v1/TransactionData/SummaryRecordByFilter": _call("transactions", wanted, _HISTORY, failure),
            "/connect/token": _token(),
        },
    }
