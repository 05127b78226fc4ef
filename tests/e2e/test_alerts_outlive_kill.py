"""Alerts of a hub that is killed (-9): what was pending goes on, what fired is told once."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from typing import Any

import aiohttp
import msgspec

from tests.deadlines import DEADLINE_S, eventually_sync
from tests.e2e.hub_program import Hub, running
from tests.integration.hub_alerts.conftest import sample
from tests.live_peers import Peer

PASSWORD = "secret word of this test"  # noqa: S105 - of a hub that lives as long as a test


@contextmanager
def _receiving() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        thread.join(DEADLINE_S)
        server.server_close()


async def _feed(hub: Hub, key: str, *samples: dict[str, Any]) -> None:
    async with aiohttp.ClientSession(hub.url) as http:
        peer = Peer(await http.ws_connect("/api/v1/agents/ws"))
        await peer.send({"type": "auth", "api_key": key, "epoch": "e1"})
        await peer.until("auth_success")
        await peer.send(*({"type": "metrics", **each} for each in samples))
        while (await peer.until("ack"))["seq"] < samples[-1]["seq"]:
            pass
        await peer.close()


def _cpu(seq: int, at_s: float, value: float = 95) -> dict[str, Any]:
    return {"seq": seq, **sample(value, at_s)}


async def test_kill_9_changes_nothing(tmp_path: Path) -> None:
    data, environ = ("--data-dir", str(tmp_path)), {"CHATOPS_ADMIN_PASSWORD": PASSWORD}
    with _receiving() as (port, heard):
        with running(*data, **environ) as hub:
            token = hub.login(PASSWORD)
            url = f"json://127.0.0.1:{port}/hook"
            hub.ask("/api/v1/notifications/channels", {"name": "ops", "url": url}, token)
            server = hub.ask("/api/v1/servers", {"name": "web-1"}, token)["id"]
            key = hub.ask("/api/v1/api-keys", {"server_id": server}, token)["key"]
            body = {"server_id": server, "metric": "cpu.percent", "comparison": "gt", "value": 90}
            hub.ask("/api/v1/alerts/thresholds", {**body, "severity": "critical", "for_s": 60}, token)
            await _feed(hub, key, _cpu(1, 0))
            pending = eventually_sync(lambda: _alerts(hub, token, server))
            hub.stop(SIGKILL)
        with running(*data) as hub:
            await _feed(hub, key, _cpu(2, 59.9), _cpu(3, 60))
            eventually_sync(lambda: heard)
            [firing] = _alerts(hub, token, server)
            assert (firing["id"], firing["status"]) == (pending[0]["id"], "firing")
            hub.stop(SIGKILL)
        with running(*data) as hub:
            await _feed(hub, key, _cpu(4, 70), _cpu(5, 80, value=10))
            eventually_sync(lambda: len(heard) >= 2)
            assert [each["status"] for each in _alerts(hub, token, server)] == ["resolved"]
    # A kill between delivery and its mark may tell the same again, with the same id.
    told = list(dict.fromkeys((each["event"], each["id"]) for each in heard))
    assert [event for event, _ in told] == ["firing", "resolved"]


def _alerts(hub: Hub, token: str, server_id: str) -> list[dict[str, Any]]:
    found = hub.ask(f"/api/v1/alerts?server_id={server_id}", token=token)["items"]
    return [alert for alert in found if alert["metric"] == "cpu.percent"]
