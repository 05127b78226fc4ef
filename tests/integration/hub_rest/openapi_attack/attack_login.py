"""Loaded by schemathesis: logs in, and again when what it did has ended its own session."""

import json
import os
import urllib.request
from typing import Any

import schemathesis

LOGIN = {"username": os.environ["ATTACK_USER"], "password": os.environ["ATTACK_PASSWORD"]}
tokens: list[str] = []


@schemathesis.auth(refresh_interval=None)
class Login:
    """An access token for every request."""

    def get(self, _case: Any, _context: Any) -> str:  # noqa: ANN401 - schemathesis's own
        if not tokens:
            request = urllib.request.Request(  # noqa: S310 - the hub of the test
                os.environ["ATTACK_URL"] + "/api/v1/auth/login", json.dumps(LOGIN).encode()
            )
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                tokens.append(json.loads(answer.read())["access_token"])
        return tokens[-1]

    def set(self, case: Any, data: str, _context: Any) -> None:  # noqa: ANN401 - likewise
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:  # noqa: ANN401 - likewise
    """Forget a token that may have died."""
    if response.status_code == 401 or "/sessions" in case.path:
        tokens.clear()
