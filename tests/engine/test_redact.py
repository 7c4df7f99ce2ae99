"""What may be shown: no credential and no personal data, in one printable line."""

from __future__ import annotations

import json
import pickle
import string
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine.errors import ResponseError, WalletError
from wallet_async.engine.redact import excerpt, mask, printable, scrub

SECRET = "hunter2-very-secret"

MASKED = {
    "basic": f"Authorization: Basic {SECRET}=",
    "bearer": f"authorization: bearer {SECRET}",
    **{
        name: json.dumps({name: SECRET})
        for name in (
            *("password", "secret_key", "client_secret", "access_token", "api_key", "apikey", "x-api-key", "client_id"),
            *("Authorization", "refreshToken", "national_id", "email", "phone_number", "tax_number", "birth_year"),
            *("first_name", "last_name"),
        )
    },
    "spaced": f'{{ "password"  :\n "{SECRET}" }}',
    "escaped quote": f'{{"password": "x\\"{SECRET}"}}',
    "number": '{"national_id": 12345678901}',
    "cut off": f'{{"password": "{SECRET}',
    "nested": f'{{"user_kyc_info": {{"first_name": "{SECRET}", "national_id": "{SECRET}"}}}}',
}


@pytest.mark.parametrize("name", MASKED)
def test_credentials_and_personal_data_are_masked_by_form(name: str) -> None:
    """Known headers and fields lose their values, also in a broken body."""
    shown = excerpt(MASKED[name].encode())
    assert SECRET not in shown
    assert "12345678901" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text", ['{"message": "no", "points": 20}', "Cannot PUT /wallets/customer/", '{"tokens": []}', ""]
)
def test_other_text_is_kept(text: str) -> None:
    """What is no secret stays readable."""
    assert mask(text).replace('"***"]', "[]") == text


def test_an_excerpt_is_short_and_printable() -> None:
    """256 characters in one line, whatever bytes came; the mask is set before the cut."""
    assert len(excerpt(b"x" * 100_000)) == 256
    assert excerpt(b"a\r\nb\x00\x1b[2Jc\xff") == "a  b  [2Jc�"
    field = b'{"note": "' + b"x" * 225 + b'", "password": "' + SECRET.encode() + b'"}'
    assert SECRET[:6] not in excerpt(field)


@given(st.binary(max_size=600))
def test_any_body_gives_a_printable_line(body: bytes) -> None:
    """No byte of an answer reaches a terminal or breaks a log file."""
    shown = excerpt(body)
    assert len(shown) <= 256
    assert shown.isprintable()
    assert shown.encode() is not None
    assert printable(shown) == shown


SECRETS = st.text(alphabet=string.ascii_letters + string.digits + "&=%+/\\'\" :;#~", min_size=6, max_size=24)
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "form": quote_plus,
    "URL": lambda secret: quote(secret, safe=""),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
}


def check_scrubbed(scrubbing: Callable[[WalletError, Iterable[str]], None], secret: str, form: str) -> None:
    """Assert that no text of an error shows *secret* after scrubbing, in the form in which it stood there."""
    text = f"before {FORMS[form](secret)} after"
    error = ResponseError(text, status=400, code=text, key=text, details=(text, "x"), excerpt=text)
    error.request_id = error.reference = text
    scrubbing(error, [secret, "another-secret"])
    for shown in (error.message, error.code, error.key, *error.details, error.excerpt, error.request_id, str(error)):
        assert FORMS[form](secret) not in str(shown)
    assert error.status == 400
    plain = [value for value in vars(pickle.loads(pickle.dumps(error))).values() if isinstance(value, str)]
    assert not any(FORMS[form](secret) in value for value in plain)


OWN_WORDS = "before *** after (reference 'before *** after', request id before *** after)"
"""What an error says around the masks: a secret that is a part of our own words shows there, and gives nothing away."""


@given(SECRETS.filter(lambda secret: secret not in OWN_WORDS), st.sampled_from(list(FORMS)))
def test_no_known_secret_survives(secret: str, form: str) -> None:
    """A credential is masked in every text of an error, also percent-encoded or escaped."""
    check_scrubbed(scrub, secret, form)


def test_a_scrub_of_the_plain_form_lets_an_echoed_form_through() -> None:
    """Twins: replacing only the message, or only the plain form, fails."""

    def message_only(error: WalletError, secrets: Iterable[str]) -> None:
        error.args = tuple(error.args[0].replace(secret, "***") for secret in secrets)

    def plain_only(error: WalletError, secrets: Iterable[str]) -> None:
        for secret in secrets:
            error.args = (error.args[0].replace(secret, "***"),)
            for name, value in vars(error).items():
                if isinstance(value, str):
                    setattr(error, name, value.replace(secret, "***"))

    with pytest.raises(AssertionError):
        check_scrubbed(message_only, SECRET, "as it is")
    with pytest.raises(AssertionError):
        check_scrubbed(plain_only, "hunter2/secret&", "form")


def test_the_longer_secret_is_masked_first_and_short_ones_are_none() -> None:
    """A secret that holds another leaves no rest; five characters are a word, not a secret."""
    error = WalletError("key-12345678 key-1234 order abc")
    scrub(error, ["key-1234", "key-12345678", "order", ""])
    assert error.message == "*** *** order abc"
