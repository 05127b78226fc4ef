"""The part of a hub by which machines enrol, by hand: one token, always the same."""

import msgspec
from aiohttp import web

from chatops_wire.rest import Page
from chatops_wire.rest_enrolment import EnrollTokenCreate, EnrollTokenCreated, EnrollTokenView
from tests.tui.screens.json_answers import answer, read

TOKEN = f"chope_abcdefghij_{'k' * 52}_01234567"
TOKEN_LINE = f"{TOKEN}.{'a' * 64}"


class EnrolDouble:
    def __init__(self) -> None:
        self.tags: list[str] = []
        """Of the token asked for last."""
        self.made: list[EnrollTokenView] = []
        self.revoked: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        path = "/api/v1/enroll-tokens"
        return [
            web.get(path, self._list),
            web.post(path, self._make),
            web.delete(f"{path}/{{token}}", self._revoke),
        ]

    async def _list(self, _request: web.Request) -> web.Response:
        return answer(Page(items=tuple(self.made)))

    async def _revoke(self, request: web.Request) -> web.Response:
        self.revoked.append(request.match_info["token"])
        self.made = [
            msgspec.structs.replace(one, active=False, revoked_at=one.created_at) for one in self.made
        ]
        return web.Response(status=204)

    async def _make(self, request: web.Request) -> web.Response:
        wanted = await read(request, EnrollTokenCreate)
        self.tags = list(wanted.tags)
        made = EnrollTokenCreated(
            id="abcdefghij",
            name=wanted.name,
            prefix="chope_abcdefghij",
            tags=wanted.tags,
            owner_id="u-admin",
            created_at="2027-01-15T08:00:00.000Z",
            expires_at="2027-01-15T08:15:00.000Z",
            revoked_at=None,
            max_uses=wanted.max_uses,
            uses=0,
            active=True,
            token=TOKEN,
            line=TOKEN_LINE,
        )
        self.made = [msgspec.convert(msgspec.to_builtins(made), EnrollTokenView)]
        return answer(made, status=201)
