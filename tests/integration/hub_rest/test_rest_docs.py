"""The description of the interface, for programs and for people."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from chatops_server.web.catalogue import rest_routes
from tests.integration.hub_rest.conftest import Asker


@pytest.fixture
def routes() -> set[str]:
    # Reads a file, so outside the event loop.
    return {f"{route.method} {route.full_path}" for route in rest_routes()}


async def test_the_document_lists_every_route(routes: set[str], asker: Asker) -> None:
    document = (await asker.ask("GET", "/openapi.json", token=None)).body
    assert document["openapi"] == "3.1.0"
    listed = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert listed == routes


async def test_every_reference_leads_somewhere_and_ids_are_unique(asker: Asker) -> None:
    answer = await asker.ask("GET", "/api/v1/openapi.json", token=None)
    document, text = answer.body, str(answer.body)
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in document["components"]["schemas"]
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert operation["summary"].endswith(".")
        declared = {param["name"] for param in operation["parameters"] if param["in"] == "path"}
        assert all(param["description"] for param in operation["parameters"])
        assert declared <= {"id", "user_id", "server_id", "action"}


async def test_public_routes_ask_for_no_token(asker: Asker) -> None:
    document = (await asker.ask("GET", "/openapi.json")).body
    assert document["paths"]["/api/v1/auth/login"]["post"]["security"] == []
    assert "security" not in document["paths"]["/api/v1/servers"]["get"]


async def test_the_page_needs_nothing_from_elsewhere(asker: Asker) -> None:
    answer = await asker.ask("GET", "/docs", token=None)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert not re.search(r"https?://", str(answer.body))
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        inline = re.search(f"<{kind}>(.*?)</{kind}>", str(answer.body), re.DOTALL)
        assert inline is not None
        digest = b64encode(sha256(inline[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


async def test_health_and_readiness(asker: Asker) -> None:
    assert (await asker.ask("GET", "/healthz", token=None)).body == {"status": "ok"}
    ready = await asker.ask("GET", "/readyz", token=None)
    assert (ready.status, ready.body["status"]) == (200, "ok")
    assert set(ready.body["checks"]) >= {"database", "disk"}


async def test_without_its_database_the_hub_is_not_ready(asker: Asker) -> None:
    await asker.running.storage.close()
    ready = await asker.ask("GET", "/readyz", token=None)
    assert (ready.status, ready.body["status"]) == (503, "unavailable")
    assert ready.body["checks"]["database"] != "ok"
    assert (await asker.ask("GET", "/healthz", token=None)).status == 200
    refused = await asker.post("/servers", {"name": "web-1"})
    assert (refused.status, refused.code) == (503, "unavailable")
