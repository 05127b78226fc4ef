"""A machine by script that fills every field of the protocol with what it is given to say."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from tests.live_peers import Peer

Say = Callable[[str], str]
"""Returns what stands in a field: the word itself, or the word and what is to harm a reader."""

# What a terminal obeys, what markup would be, what widths and directions are made of, and NUL.
PAYLOAD: Final = (
    "\x1b]0;OWNED\x07\x1b]52;c;T1dO\x1b\\\x1b]8;;http://x\x07\x1bPqOWNED\x1b\\\x1b_OWNED\x1b\\\x1b^OWNED\x1b\\"
    "\x1b[31m\x1b[6n\x1b[2J\x1b[?1049l\x1bc\x9b5m\x9d0;OWNED\x9c\x90q\x9c\x00\x07\x08\r\n\t"
    "[red][/][@click=app.quit]x[/][$text]\\[{0}%s"
    "\u202e\u2066\u200f\u200b\u2028\ufeff\U000e0041日本e" + "\u0301" * 40 + "👩\u200d👩\u200d👧\x1b"
)


def harmless(word: str) -> str:
    return word


def hostile(word: str) -> str:
    return word + PAYLOAD


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Machine:
    """Sends samples, and answers whatever the hub asks."""

    def __init__(self, say: Say, key: str) -> None:
        self._say = say
        self._key = key

    async def run(self, url: str) -> None:
        """Speak until cancelled; raises when the hub hangs up."""
        async with (
            aiohttp.ClientSession(url) as http,
            http.ws_connect("/api/v1/agents/ws", compress=0) as ws,
        ):
            peer = Peer(ws)
            await peer.send(self._auth())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._speak(peer), name="speak")
                tasks.create_task(self._listen(peer, ws), name="listen")

    def _auth(self) -> dict[str, Any]:
        say = self._say
        facts = ("version", "boot_id", "hostname", "os", "kernel", "arch", "cpu_model", "docker_version")
        return {
            "type": "auth",
            "api_key": self._key,
            "epoch": "e",
            "agent": {name: say(name) for name in facts} | {"cpu_count": 4, "memory_total": 8 << 30},
            "capabilities": ["metrics", "docker", "commands", "terminal", "logs", say("other")],
            "policy": {
                "source": say("file"),
                "allowed": ["docker", "commands", say("allowed")],
                "denied": [say("denied")],
                "commands": [say("command")],
                "containers": [say("container")],
            },
        }

    async def _speak(self, peer: Peer) -> None:
        for seq in range(1, 10_000):
            await peer.send({"type": "metrics", "seq": seq, **self._sample(seq)})
            await asyncio.sleep(1)

    def _sample(self, seq: int) -> dict[str, Any]:
        say = self._say
        return {
            "timestamp": _now(),
            "cpu": {"percent": 99.0 - seq % 2, "cores": [99.0, 98.0], "load": [1, 2, 3]},
            "memory": {"total": 8 << 30, "used": 7 << 30, "percent": 87.5},
            "disks": [
                {"mount": say("/var"), "device": say("/dev/vda"), "fstype": say("ext4")}
                | {"total": 9 << 30, "used": 8 << 30, "percent": 99.0, "read_bps": 5e6}
            ],
            "networks": [{"interface": say("eth0"), "rx_bps": 1e6, "tx_bps": 2e6, "errors": 0}],
            "temperatures": [{"sensor": say("package"), "celsius": 55.0}],
            "containers": [self._container("nginx", "a" * 64), self._container("db", say("b" * 20))],
            "engine": {"state": "available", "reason": say("reason"), "version": say("28.0")},
            "processes": [
                {"pid": pid, "name": say("python3"), "user": say("root"), "cpu_percent": 80.0 + pid}
                | {"memory_used": 1 << 28, "command": say("python3 -m http.server") + "x" * 4_000}
                for pid in range(1, 6)
            ],
            "process_count": 5,
            "uptime_s": 86_400.0,
        }

    def _container(self, name: str, container_id: str) -> dict[str, Any]:
        say = self._say
        return {
            "id": container_id,
            "name": say(name),
            "image": say("nginx:1.27"),
            "state": "running",
            "status": say("Up 2 hours"),
            "health": say("healthy"),
            "created_at": _now(),
            "started_at": say(_now()),
            "ports": [say("0.0.0.0:80->80/tcp")],
            "project": say("shop"),
            "service": say("front"),
            "cpu_percent": 12.0,
            "memory_used": 1 << 28,
            "memory_limit": 1 << 30,
        }

    async def _listen(self, peer: Peer, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in ws:
            message = frame.json()
            for answer in self._answers(message):
                await peer.send(answer)
        raise ConnectionError(f"the hub hung up: {ws.close_code}")

    def _answers(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        match message["type"]:
            case "command":
                return self._ran(message["command_id"])
            case "docker_command":
                told = {"type": "docker_response", "command_id": message["command_id"]}
                return [told | self._docker(str(message["action"]))]
            case "stream_open":
                lines = [
                    {"ts": None, "stream": "stdout", "line": self._say(f"ERROR line {at}")} for at in range(5)
                ]
                lines.append({"ts": _now(), "stream": "stderr", "line": self._say("long") + "x" * 9_000})
                return [{"type": "stream_data", "stream_id": message["stream_id"], "lines": lines}]
            case "terminal_open":
                return [
                    {"type": "terminal_close", "terminal_id": message["terminal_id"]}
                    | {"reason": self._say("no shell here"), "code": "not_allowed"}
                ]
            case _:
                return []

    def _ran(self, command_id: str) -> list[dict[str, Any]]:
        text = (self._say("printed") + "\n").encode()
        return [
            {"type": "command_output", "command_id": command_id, "seq": 1, "stream": "stdout"}
            | {"data": base64.b64encode(text).decode()},
            {"type": "command_response", "command_id": command_id, "status": "failed", "exit_code": 3}
            | {"duration_ms": 1, "output_bytes": len(text), "message": self._say("failed")},
        ]

    def _docker(self, action: str) -> dict[str, Any]:
        say = self._say
        time = _now()
        answers: dict[str, dict[str, Any]] = {
            "inspect": {
                "container": self._container("nginx", "a" * 64),
                "inspect": self._inspected(),
            },
            "top": {"titles": [say("PID"), say("CMD")], "processes": [[say("1"), say("nginx: master")]]},
            "logs": {
                "lines": [{"ts": time, "stream": "stdout", "line": say(f"served {at}")} for at in range(4)]
            },
            "images": {
                "images": [{"id": say("sha256:1"), "tags": [say("nginx:1")], "size": 5, "created_at": time}]
            },
            "volumes": {
                "volumes": [
                    {"name": say("data"), "driver": say("local"), "mountpoint": say("/var"), "in_use": True}
                ]
            },
            "networks": {
                "networks": [
                    {"id": say("n1"), "name": say("front"), "driver": say("bridge"), "scope": say("local")}
                ]
            },
            "df": {
                kind: {"count": 1, "size": 5, "reclaimable": 1}
                for kind in ("images", "containers", "volumes")
            },
            "list": {"containers": [self._container("nginx", "a" * 64)]},
        }
        data = answers.get(action)
        if data is not None:
            return {"success": True, "message": say("done"), "data": data}
        return {"success": False, "message": say("the engine said no"), "code": "conflict"}

    def _inspected(self) -> dict[str, Any]:
        say = self._say
        return {
            "Id": "a" * 64,
            "Name": say("/nginx"),
            "Config": {
                "Env": [say("PATH=/bin")],
                "Labels": {say("label"): say("value")},
                "Cmd": [say("nginx")],
                "Image": say("nginx:1.27"),
                "Entrypoint": [say("/entry")],
            },
            "Mounts": [{"Type": say("bind"), "Source": say("/srv"), "Destination": say("/data")}],
            "HostConfig": {"RestartPolicy": {"Name": say("always")}, "NetworkMode": say("bridge")},
            "NetworkSettings": {"Networks": {say("bridge"): {"IPAddress": say("172.17.0.2")}}},
            "State": {"Status": say("running"), "Error": say("none")},
            "Path": say("/path"),
            "Args": [say("arg")],
        }
