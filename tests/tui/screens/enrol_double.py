"""The part of a hub by which machines enrol, by hand: one token, always the same."""

from aiohttp import web

from chatops_wire.rest_enrolment import EnrollTokenCreate, EnrollTokenCreated
from tests.tui.screens.json_answers import answer, read

TOKEN = f"chope_abcdefghij_{'k' * 52}_01234567"
TOKEN_LINE = f"{TOKEN}.{'a' * 64}"


class EnrolDouble:
    def __init__(self) -> None:
        self.tags: list[str] = []
        """Of the token asked for last."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/enroll-tokens", self._make)]

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
        return answer(made, status=201)
