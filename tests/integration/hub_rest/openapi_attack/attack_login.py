"""Loaded by schemathesis: logs in, and again when what it did has ended its own session."""

import json
import os
import secrets
import urllib.error
import urllib.request
from typing import Any

import schemathesis

LOGIN = {"username": os.environ["ATTACK_USER"], "password": os.environ["ATTACK_PASSWORD"]}
tokens: list[str] = []


def _asked(path: str, body: dict[str, str], token: str = "") -> Any:  # noqa: ANN401 - JSON
    request = urllib.request.Request(  # noqa: S310 - the hub of the test
        f"{os.environ['ATTACK_URL']}/api/v1{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}"} if token else {},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
        return json.loads(answer.read())


def _another() -> dict[str, str]:
    """Return a new user of the same role; the hub's first admin makes them."""
    first = {"username": "admin", "password": os.environ["ATTACK_ADMIN_PASSWORD"]}
    token = _asked("/auth/login", first)["access_token"]
    made = {**LOGIN, "username": f"attacker-{secrets.token_hex(4)}"}
    _asked("/users", {**made, "role": os.environ["ATTACK_ROLE"]}, token)
    return made


@schemathesis.auth(refresh_interval=None)
class Login:
    """An access token for every request."""

    def get(self, _case: Any, _context: Any) -> str:  # noqa: ANN401 - schemathesis's own
        if not tokens:
            try:
                tokens.append(_asked("/auth/login", LOGIN)["access_token"])
            except urllib.error.HTTPError:
                # An admin who has found out who they are can change or remove themselves: another one then.
                tokens.append(_asked("/auth/login", _another())["access_token"])
        return tokens[-1]

    def set(self, case: Any, data: str, _context: Any) -> None:  # noqa: ANN401 - likewise
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:  # noqa: ANN401 - likewise
    """Forget a token that may have died."""
    if response.status_code == 401 or "/sessions" in case.path:
        tokens.clear()
