"""The watch over a test run finds what it is there to find, and nothing else."""

import logging

import pytest

from chatops_wire import keys
from tests.secret_watch import SecretWatch, secrets_in

KEY = keys.make(bytes(range(38))).text
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJlLW9mLWl0"  # noqa: S105 - of nobody


@pytest.mark.parametrize("secret", [KEY, TOKEN, "chopr_" + "a" * 43, "-----BEGIN PRIVATE KEY-----"])
def test_a_secret_is_found_in_logs_and_answers_and_not_told_on(secret: str) -> None:
    watch = SecretWatch()
    record = logging.getLogger("chatops_server.x").makeRecord(
        "chatops_server.x", logging.INFO, "f", 1, "agent connected", (), None, extra={"key": secret}
    )
    watch.emit(record)
    watch.answered("/api/v1/servers", f'{{"x":"{secret}"}}'.encode())
    assert len(watch.hits) == 2
    assert not any(secret in hit for hit in watch.hits)
    assert watch.taken()
    assert watch.taken() == []


def test_what_shows_it_once_may() -> None:
    watch = SecretWatch()
    for path in ("/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/api-keys"):
        watch.answered(path, KEY.encode() + TOKEN.encode())
    assert watch.taken() == []


def test_prefixes_and_ids_are_no_secrets() -> None:
    for text in (keys.make(bytes(range(38))).prefix, "usr_0123456789abcdef", "key_0123", "chops_abcdefghij_"):
        assert list(secrets_in(text)) == []
