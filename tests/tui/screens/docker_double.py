"""The engines of the hub double: containers that do what they are told, unless a test says otherwise."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from msgspec.structs import asdict, replace

from chatops_wire.client import ContainerMessage, PullFinished, PullProgress
from chatops_wire.codes import ErrorCode
from chatops_wire.containers import Container, ContainerItem, EngineState
from chatops_wire.rest_docker import (
    ContainerAnswer,
    ContainerOrder,
    ContainerPage,
    DockerState,
    EngineList,
    ProjectAnswer,
    PullBegun,
    PullOrder,
    TopView,
)
from chatops_wire.times import format_ms
from tests.tui.screens.json_answers import answer, problem, read

Send = Callable[[tuple[str, str | None], msgspec.Struct], Awaitable[None]]
MIB = 1024**2

_AFTER: dict[str, dict[str, Any]] = {
    "start": {"state": "running", "status": "Up 1 second", "exit_code": None},
    "restart": {"state": "running", "status": "Up 1 second", "exit_code": None},
    "unpause": {"state": "running", "status": "Up 3 hours"},
    "pause": {"state": "paused", "status": "Up 3 hours (Paused)"},
    "stop": {"state": "exited", "status": "Exited (0) 1 second ago", "exit_code": 0, "health": None},
    "kill": {"state": "exited", "status": "Exited (137) 1 second ago", "exit_code": 137, "health": None},
}
INSPECT = {
    "Config": {
        "Env": ["POSTGRES_PASSWORD=••• (12)", "PGDATA=/var/lib/postgresql/data"],
        "Cmd": ["postgres", "-c", "max_connections=200"],
        "Labels": {"com.docker.compose.project": "shop", "team": "core\x1b[31m"},
        "Healthcheck": {"Test": ["CMD-SHELL", "pg_isready"]},
    },
    "HostConfig": {"Memory": 2 * 1024 * MIB, "NanoCpus": 1_500_000_000, "RestartPolicy": {"Name": "always"}},
    "Mounts": [
        {"Type": "volume", "Name": "pgdata", "Destination": "/var/lib/postgresql/data", "RW": True},
        {"Type": "bind", "Source": "/etc/ssl", "Destination": "/etc/ssl", "RW": False},
    ],
    "NetworkSettings": {
        "Ports": {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5432"}], "8008/tcp": None},
        "Networks": {"shop_default": {"IPAddress": "172.18.0.4", "Aliases": ["postgres"]}},
    },
}
TOP = TopView(
    titles=("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"),
    processes=(
        ("999", "18211", "18190", "4", "Oct11", "?", "03:12:44", "postgres"),
        ("999", "18240", "18211", "1", "Oct11", "?", "00:40:02", "postgres: checkpointer"),
    ),
)


def container(name: str, **fields: object) -> Container:
    """Return a container that runs; `fields` say what is different."""
    usual: dict[str, Any] = {
        "id": (name.encode().hex() * 8)[:64],
        "name": name,
        "image": "shop/api:4.2.1",
        "state": "running",
        "status": "Up 3 hours",
        "created_at": "2023-11-14T00:00:00.000Z",
        "started_at": "2023-11-14T19:00:00.000Z",
        "cpu_percent": 12.5,
        "memory_used": 312 * MIB,
        "rx_bps": 3000.0,
        "tx_bps": 9000.0,
        "read_bps": 0.0,
        "write_bps": 120_000.0,
        "pids": 14,
    }
    return Container(**{**usual, **fields})


def stopped(name: str, exit_code: int = 0, **fields: object) -> Container:
    """Return one that has ended."""
    ended: dict[str, object] = {
        "state": "exited",
        "status": f"Exited ({exit_code}) 2 hours ago",
        "exit_code": exit_code,
    }
    none = dict.fromkeys(("cpu_percent", "memory_used", "rx_bps", "tx_bps", "pids"))
    return container(name, **{**ended, **none, **fields})


DB_CONTAINERS = (
    container(
        "api-1", project="shop", service="api", cpu_percent=41.2, memory_limit=2048 * MIB, health="healthy"
    ),
    container("api-2", project="shop", service="api", cpu_percent=182.0, health="unhealthy", restarts=3),
    container(
        "postgres",
        project="shop",
        service="db",
        image="postgres:17",
        ports=("127.0.0.1:5432->5432/tcp",),
        memory_used=31_000 * MIB,
    ),
    container("batch", image="shop/batch:2", state="paused", status="Up 2 days (Paused)", cpu_percent=0.0),
    stopped("migrate", 1, project="shop", service="migrate"),
    container("grafana", image="grafana/grafana:11.3", cpu_percent=0.4, memory_used=96 * MIB),
)
WEB_CONTAINERS = (
    container("web-front", project="shop", service="front", image="shop/front:4.2.1", cpu_percent=3.0),
    stopped("old", image="nginx:1.25"),
)


@dataclass(eq=False)
class DockerDouble:
    """What runs on each server, by its id, and what shall go wrong."""

    send: Send
    now_ms: Callable[[], int]
    containers: dict[str, dict[str, Container]] = field(default_factory=dict)
    engines: dict[str, DockerState] = field(default_factory=dict)
    asked: list[tuple[str, str, str, ContainerOrder]] = field(default_factory=list)
    """Action, server, container's name or id, how."""
    reason: str = ""
    """Why an engine that is unavailable does not answer."""
    refuse: tuple[int, ErrorCode, str] | None = None
    gate: asyncio.Event | None = None
    """While it is set to one that is not set, actions wait for it."""
    stock: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reveals: bool = True
    revealed: int = 0

    def put(self, server_id: str, containers: Iterable[Container]) -> None:
        since = format_ms(self.now_ms() - 3 * 3_600_000)
        known = [replace(one, started_at=since) if one.started_at else one for one in containers]
        self.containers[server_id] = {one.id or one.name: one for one in known}
        self.engines[server_id] = "available"

    def of(self, server_id: str) -> tuple[Container, ...] | None:
        return tuple(self.containers[server_id].values()) if server_id in self.containers else None

    def engine(self, server_id: str) -> EngineState | None:
        if self.engines.get(server_id) != "unavailable":
            return None
        return EngineState(state="unavailable", reason=self.reason)

    async def change(self, server_id: str, one: Container, action: str) -> None:
        """Let a container become this, whoever did it, and tell everybody who listens."""
        known = self.containers[server_id]
        known[one.id] = one
        if action == "destroy":
            del known[one.id]
        message = ContainerMessage(action=action, container=_item(server_id, one))
        await self.send(("containers", None), message)
        await self.send(("containers", server_id), message)

    async def tell_pull(self, server_id: str, command_id: str, image: str, text: str, share: float) -> None:
        await self.send(
            ("containers", server_id),
            PullProgress(
                server_id=server_id,
                command_id=command_id,
                image=image,
                text=text,
                current=share * 100,
                total=100,
            ),
        )

    async def end_pull(self, server_id: str, command_id: str, image: str, failure: str = "") -> None:
        await self.send(
            ("containers", server_id),
            PullFinished(
                server_id=server_id, command_id=command_id, image=image, success=not failure, message=failure
            ),
        )

    def routes(self) -> list[web.RouteDef]:
        docker = "/api/v1/docker"
        return [
            web.get(f"{docker}/containers", self._list),
            web.get(f"{docker}/containers/{{container}}", self._inspect),
            web.get(f"{docker}/containers/{{container}}/top", self._top),
            web.post(f"{docker}/containers/{{container}}/{{action}}", self._act),
            web.post(f"{docker}/projects/{{project}}/{{action}}", self._act_on_project),
            web.get(f"{docker}/df", self._use),
            web.post(f"{docker}/images/pull", self._pull),
            web.get(f"{docker}/{{kind}}", self._stock),
            web.post(f"{docker}/{{kind}}/prune", self._prune),
            web.delete(f"{docker}/{{kind}}/{{item:.+}}", self._remove),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        wanted = request.query.get("server_id")
        servers = [wanted] if wanted else list(self.containers)
        items = tuple(
            _item(server_id, one)
            for server_id in servers
            for one in self.containers.get(server_id, {}).values()
        )
        engines = {server_id: self.engines.get(server_id, "absent") for server_id in servers}
        return answer(ContainerPage(items=items, docker=engines))

    async def _inspect(self, request: web.Request) -> web.Response:
        is_reveal = request.query.get("reveal") == "true"
        if self.refuse is not None or (is_reveal and not self.reveals):
            return problem(*(self.refuse or (403, ErrorCode.NOT_ALLOWED, "this machine reveals no values")))
        found = msgspec.json.decode(msgspec.json.encode(INSPECT))
        if is_reveal:
            self.revealed += 1
            found["Config"]["Env"][0] = "POSTGRES_PASSWORD=open-sesame"
        return web.json_response(found)

    async def _top(self, request: web.Request) -> web.Response:
        assert request.query["server_id"] in self.containers
        return answer(TOP)

    async def _act(self, request: web.Request) -> web.Response:
        server_id, action = request.query["server_id"], request.match_info["action"]
        order = await read(request, ContainerOrder)
        known = self.containers[server_id]
        one = known.get(request.match_info["container"])
        if one is None:
            return problem(404, ErrorCode.NOT_FOUND, "no such container")
        self.asked.append((action, server_id, one.name, order))
        if self.gate is not None:
            await self.gate.wait()
        if self.refuse is not None:
            return problem(*self.refuse)
        if action == "remove":
            del known[one.id]
            return answer(ContainerAnswer(container=None))
        changed: dict[str, Any] = {"name": order.name} if action == "rename" else _AFTER[action]
        known[one.id] = replace(one, **changed)
        return answer(ContainerAnswer(container=_item(server_id, known[one.id])))

    async def _act_on_project(self, request: web.Request) -> web.Response:
        server_id, project = request.query["server_id"], request.match_info["project"]
        action = request.match_info["action"]
        self.asked.append((action, server_id, project, ContainerOrder()))
        known = self.containers[server_id]
        for one in [one for one in known.values() if one.project == project]:
            known[one.id] = replace(one, **_AFTER[action])
        items = tuple(_item(server_id, one) for one in known.values() if one.project == project)
        return answer(ProjectAnswer(containers=items))

    async def _stock(self, request: web.Request) -> web.Response:
        return answer(EngineList(items=tuple(self.stock.get(request.match_info["kind"], ()))))

    async def _use(self, _request: web.Request) -> web.Response:
        return web.json_response({"images": {"count": 2, "size": 900 * MIB, "reclaimable": 300 * MIB}})

    async def _remove(self, request: web.Request) -> web.Response:
        kind, item = request.match_info["kind"], request.match_info["item"]
        if self.refuse is not None:
            return problem(*self.refuse)
        self.asked.append(("remove", request.query["server_id"], item, ContainerOrder()))
        self.stock[kind] = [one for one in self.stock[kind] if item not in {one.get("id"), one.get("name")}]
        return web.Response(status=204)

    async def _prune(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        self.asked.append(("prune", request.query["server_id"], kind, ContainerOrder()))
        self.stock[kind] = [one for one in self.stock[kind] if one.get("in_use") or one.get("containers")]
        return web.json_response({"reclaimed": 5 * MIB})

    async def _pull(self, request: web.Request) -> web.Response:
        order = await read(request, PullOrder)
        self.asked.append(("pull", order.server_id, order.image, ContainerOrder()))
        return answer(PullBegun(command_id="pull-1", server_id=order.server_id, image=order.image), 202)


def with_stock(double: DockerDouble) -> None:
    """Give every server the same images, volumes and networks."""
    made = format_ms(double.now_ms() - 86_400_000)
    double.stock = {
        "images": [
            _image("a", "postgres:17", 431, made, 1),
            _image("b", "nginx:1.25", 187, made, 0),
        ],
        "volumes": [_volume("pgdata", in_use=True), _volume("old-cache", in_use=False)],
        "networks": [
            {"id": "c" * 64, "name": "shop_default", "driver": "bridge", "scope": "local", "in_use": True}
        ],
    }


def _image(letter: str, tag: str, mebibytes: int, made: str, containers: int) -> dict[str, Any]:
    return {
        "id": f"sha256:{letter * 64}",
        "tags": [tag],
        "size": mebibytes * MIB,
        "created_at": made,
        "containers": containers,
    }


def _volume(name: str, *, in_use: bool) -> dict[str, Any]:
    return {
        "name": name,
        "driver": "local",
        "mountpoint": f"/var/lib/docker/volumes/{name}",
        "in_use": in_use,
    }


def _item(server_id: str, one: Container) -> ContainerItem:
    return ContainerItem(server_id=server_id, **asdict(one))
