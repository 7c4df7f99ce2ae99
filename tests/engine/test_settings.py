"""Settings are checked where they are made, not in the middle of a call."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from rehook_async import RehookSession
from wallet_async.engine.auth import Basic, BearerToken, ClientCredentials
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.retry import RetryPolicy

NO_SECONDS = [0, -1, float("nan"), float("inf"), True, "5", None, 10**400]
NO_COUNTS = [0, -1, 1.5, True, "5", None]

WRONG: dict[type, dict[str, list[Any]]] = {
    Limits: {
        "max_in_flight": NO_COUNTS,
        "max_queued": [-1, 1.5, True, "5", None],
        "rate": [value for value in NO_SECONDS if value is not None],
        "max_body": [0, 1023, 2048.0, None],
        "pace": [5.0, "redis://localhost", object()],
    },
    Timeouts: dict.fromkeys(("total", "connect", "attempt"), NO_SECONDS),
    RetryPolicy: {
        "attempts": NO_COUNTS,
        "wait_initial": NO_SECONDS,
        "wait_max": NO_SECONDS,
        "retry_after_max": NO_SECONDS,
        "budget": NO_SECONDS,
        "jitter": [0.5, None, "random"],
    },
}
CASES = [(kind, name, value) for kind, fields in WRONG.items() for name, values in fields.items() for value in values]


@pytest.mark.parametrize(("kind", "name", "value"), CASES, ids=lambda case: getattr(case, "__name__", repr(case)[:12]))
def test_a_wrong_setting_is_refused_at_construction(kind: Any, name: str, value: object) -> None:
    """The error names the class, the field and the value's type."""
    with pytest.raises(InvalidInputError) as caught:
        kind(**{name: value})
    assert str(caught.value).startswith(f"{kind.__name__}.{name} must be ")
    assert f"({type(value).__name__})" in str(caught.value)


@pytest.mark.parametrize("kind", WRONG)
def test_every_field_is_covered_and_has_a_default(kind: Any) -> None:
    """No setting is left unchecked, each has a default, none can be changed or given by place."""
    assert set(WRONG[kind]) == {field.name for field in attrs.fields(kind)}
    with pytest.raises(TypeError):
        kind(1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(kind(), attrs.fields(kind)[0].name, 1)


def test_an_unchecked_class_would_take_them() -> None:
    """Twin: the same fields without validators take every wrong value."""
    loose = attrs.make_class("Limits", list(WRONG[Limits]), kw_only=True, frozen=True)
    with pytest.raises(pytest.fail.Exception), pytest.raises(InvalidInputError):
        loose(max_in_flight=0, max_queued=0, rate=0, max_body=0, pace=0)


@pytest.mark.parametrize("name", ["limits", "retry", "timeouts", "http"])
def test_a_session_refuses_a_setting_of_the_wrong_class(name: str) -> None:
    """A dict or a bare number in place of a settings class is named at once."""
    with pytest.raises(InvalidInputError, match=rf"{name} must be an? \S+, not 5 \(int\)"):
        RehookSession("key", "secret", **{name: 5})


SECRET = "hunter2secret"
BAD_SECRETS = ["", None, 5, f"{SECRET}\r\n", f"{SECRET}\x00", f"{SECRET}ğ", f"{SECRET}\ud800", SECRET.encode()]


@pytest.mark.parametrize("value", BAD_SECRETS, ids=lambda value: repr(value)[-8:])
def test_a_wrong_credential_is_refused_and_not_shown(value: Any) -> None:
    """The field is named, the value never repeated."""
    makers = {
        "Basic.user": lambda: Basic(value, "b"),
        "Basic.password": lambda: Basic("a", value),
        "BearerToken.token": lambda: BearerToken(value),
        "ClientCredentials.client_id": lambda: ClientCredentials(
            token_url="https://x", client_id=value, client_secret="b"
        ),
        "ClientCredentials.client_secret": lambda: ClientCredentials(
            token_url="https://x", client_id="a", client_secret=value
        ),
    }
    for name, make in makers.items():
        with pytest.raises(InvalidInputError) as caught:
            make()
        assert str(caught.value).startswith(f"{name} must be ")
        assert "value not shown" in str(caught.value)
        assert SECRET not in str(caught.value)


def test_a_user_with_a_colon_is_refused() -> None:
    """A colon would end the user name early (RFC 7617); in a password it is allowed."""
    with pytest.raises(InvalidInputError, match=r"Basic\.user must hold no colon \(value not shown\)"):
        Basic(f"key:{SECRET}", "b")
    assert Basic("key", "a:b")


def test_the_token_host_is_checked_like_a_base_url() -> None:
    """A plain http token host off loopback would give the secret away."""
    with pytest.raises(InvalidInputError, match=r"ClientCredentials\.token_url must be an https URL"):
        ClientCredentials(token_url="http://ids.example.com", client_id="a", client_secret="b")
    for margin in (0, -1, float("nan"), True):
        with pytest.raises(InvalidInputError, match=r"ClientCredentials\.margin"):
            ClientCredentials(token_url="https://x", client_id="a", client_secret="b", margin=margin)
