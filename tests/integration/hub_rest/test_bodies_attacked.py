"""Every REST body, damaged field by field, at a live hub: a documented status and never one of our faults."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatops_server.errors import InvalidRequestError
from chatops_server.web.bodies import decode
from chatops_server.web.catalogue import rest_routes
from chatops_server.web.openapi import document
from chatops_server.web.routes import Route
from tests.integration.hub_rest.conftest import Asker
from tests.integration.hub_rest.test_rest_rights import _body, _path, _scene
from tests.strategies import instances

WITH_BODY: Final = [route for route in rest_routes() if route.body is not None]
NAMES: Final = [f"{route.method} {route.full_path}" for route in WITH_BODY]
DOCUMENT: Final = document(rest_routes())
HOSTILE: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    2**63,
    1e308,
    "",
    "\x00",
    "\x1b]52;c;aGk=\x07",
    "\u202e",
    "=1+1",
    "../../etc/passwd",
    "'; DROP TABLE users; --",
    "x" * 70_000,
    [],
    [None] * 2000,
    {"a": {"b": {"c": []}}},
)
RAW: Final = (
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b'{"a":NaN}',
    b'{"value":Infinity}',
    b'{"value":-1e999}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"{}" + b" " * 200_000,
    b"\xef\xbb\xbf{}",
    b'{"\\ud800":1}',
)


def _documented(route: Route) -> set[int]:
    return {int(code) for code in DOCUMENT["paths"][route.full_path][route.method.lower()]["responses"]}


async def _sent(asker: Asker, route: Route, path: str, body: Any, raw: bytes | None = None) -> int:  # noqa: ANN401
    answer = await asker.ask(route.method, path, body, raw=raw)
    # 503 is said of an agent that is not there; everything else of ours would be a fault.
    assert answer.status < 500 or answer.code == "agent_offline", (body, answer)
    assert answer.status in _documented(route), (answer.status, body, answer.body)
    return answer.status


@pytest.mark.parametrize("route", WITH_BODY, ids=NAMES)
async def test_each_field_in_turn_takes_no_hostile_value_for_our_fault(
    asker: Asker, route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    scene = await _scene(asker)
    name = f"{route.method} {route.full_path}"
    good = _body(name, scene) or {}
    fields = {field.encode_name for field in msgspec.structs.fields(route.body)} | set(good)
    for field in sorted(fields):
        for value in HOSTILE:
            if route.full_path.startswith("/api/v1/auth/") and field == "username" and value:
                continue  # tries of one name are counted, and that is tested elsewhere
            await _sent(asker, route, _path(name, scene), good | {field: value})
    for raw in RAW:
        await _sent(asker, route, _path(name, scene), None, raw)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    # Everybody else is served as before.
    assert (await asker.ask("GET", "/healthz", token=None)).status == 200


@pytest.mark.parametrize("route", WITH_BODY, ids=NAMES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_body_decodes_to_what_it_was_or_names_a_field(route: Route, data: st.DataObject) -> None:
    """The decoder of each body alone, with damaged JSON: only InvalidRequestError comes out."""
    fields = {field.encode_name: instances(Any) for field in msgspec.structs.fields(route.body)}
    raw = msgspec.json.encode(data.draw(st.fixed_dictionaries({}, optional=fields)))
    at = data.draw(st.integers(0, len(raw)))
    damaged = raw[:at] + data.draw(st.binary(max_size=6)) + raw[at + data.draw(st.integers(0, 6)) :]
    for given_ in (raw, damaged):
        try:
            decode(given_, route.body)
        except InvalidRequestError as exc:
            assert exc.detail  # noqa: PT017 - what it says is the point
