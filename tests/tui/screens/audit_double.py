"""The audit log of the double: chained as a hub's is, narrowed as a hub does."""

from typing import Any

from aiohttp import web
from msgspec import structs

from chatops_tui.store.audit_log import computed_hash
from chatops_wire.rest import AuditView, Page, UserDetail
from tests.tui.screens.json_answers import answer

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202edb"


class AuditDouble:
    """What is in the log, oldest first, and what was asked of it."""

    def __init__(self) -> None:
        self.entries: list[AuditView] = []
        self.asked: list[dict[str, str]] = []

    def add(self, action: str, **fields: Any) -> None:  # noqa: ANN401 - fields of AuditView
        number = len(self.entries) + 1
        entry = AuditView(
            id=str(number),
            ts=f"2026-01-31T12:{number:02d}:00.000Z",
            user_id=fields.get("user_id", "u1"),
            action=action,
            target=fields.get("target"),
            server_id=fields.get("server_id"),
            result=fields.get("result", "ok"),
            address="127.0.0.1",
            data=fields.get("data", {}),
            prev_hash=self.entries[-1].hash if self.entries else "0" * 64,
            hash="",
        )
        self.entries.append(structs.replace(entry, hash=computed_hash(entry)))

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/audit", self._audit), web.get("/api/v1/users", self._users)]

    async def _audit(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        found = [
            entry
            for entry in reversed(self.entries)
            if entry.action.startswith(query.get("action", ""))
            and entry.result == query.get("result", entry.result)
        ]
        return answer(Page[AuditView](items=tuple(found), next=None))

    async def _users(self, _request: web.Request) -> web.Response:
        user = UserDetail(
            id="u1", username="admin", role="admin", active=True, created_at="2026-01-01T00:00:00.000Z"
        )
        return answer(Page[UserDetail](items=(user,), next=None))


def altered(entry: AuditView) -> AuditView:
    return structs.replace(entry, result="ok" if entry.result != "ok" else "failed")
