"""The hub double with commands, terminals and logs: each is played by the test."""

import base64
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.integration.client.contract_hub import USER, HubDouble, problem

Frame = dict[str, Any]
MORNING = "2026-01-31T12:00:00.000Z"


@dataclass
class Run:
    """One command; what is printed goes to whoever follows it, now or later."""

    hub: "CommandHub"
    order: Frame
    id: str
    server_id: str
    batch_id: str | None = None
    frames: list[Frame] = field(default_factory=list)
    cancels: list[bool] = field(default_factory=list)
    """`force` of each."""
    end: Frame = field(default_factory=lambda: {"status": "running", "exit_code": None, "signal": None})
    reason: Frame = field(default_factory=lambda: {"code": None, "message": ""})
    output_bytes: int | None = None
    """What it says it printed; None: the truth."""
    on_cancel: Callable[["Run", bool], Awaitable[None]] | None = None

    async def prints(self, data: bytes, stream: str = "stdout") -> None:
        chunk = {"stream": stream, "data": base64.b64encode(data).decode()}
        seq = len(self.frames) + 1
        await self._tell({"type": "command_output", "command_id": self.id, "seq": seq, **chunk})

    async def ends(self, exit_code: int | None = 0, number: int | None = None, status: str = "") -> None:
        status = status or ("succeeded" if exit_code == 0 else "failed")
        self.end = {"status": status, "exit_code": exit_code, "signal": number}
        printed = len(self.output) if self.output_bytes is None else self.output_bytes
        rest = {"output_bytes": printed, "truncated": False, "duration_ms": 12}
        await self._tell({"type": "command_finished", "command_id": self.id, **self.end, **rest})

    @property
    def output(self) -> bytes:
        return b"".join(base64.b64decode(frame.get("data", "")) for frame in self.frames)

    @property
    def view(self) -> Frame:
        return {
            "command_id": self.id,
            "server_id": self.server_id,
            "user_id": "usr_1",
            "command": self.order.get("command", ""),
            **self.end,
            "output": self.output.decode("utf-8", "replace"),
            "output_bytes": len(self.output),
            "truncated": False,
            "duration_ms": 12,
            "started_at": MORNING,
            "created_at": MORNING,
            "finished_at": None if self.end["status"] == "running" else MORNING,
            "batch_id": self.batch_id,
            "argv": [],
            "cwd": self.order.get("cwd"),
            "timeout_s": self.order.get("timeout_s", 60.0),
            **self.reason,
            "output_sha256": None,
        }

    async def _tell(self, frame: Frame) -> None:
        self.frames.append(frame)
        for ws, topic in tuple(self.hub.subscriptions):
            if topic.get("command_id") == self.id:
                await ws.send_json(frame)


class CommandHub(HubDouble):
    """Runs what `play` says; without it a run only begins."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, Run] = {}
        self.play: Callable[[Run], Any] | None = None
        self.batches: list[Frame] = []
        self.offline: set[str] = set()
        self.subscriptions: list[tuple[web.WebSocketResponse, Frame]] = []
        self.log: list[Frame] = []
        self.terminals: dict[str, web.WebSocketResponse | None] = {}
        """Who views each; None while it is detached."""
        self.replay = b""
        self.typed = bytearray()
        self.sizes: list[tuple[int, int]] = []
        self.refuse_terminals: tuple[str, str] | None = None
        self.deaf_to_terminals = False
        self.most_subscriptions = 0
        self.sent_all = False
        """A follower's connection has taken all of an output."""
        self._count = itertools.count(1)

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/api/v1/users", self._signed_in(self._users))
        prefix = "/api/v1/commands"
        app.router.add_post(f"{prefix}/", self._signed_in(self._run))
        app.router.add_post(f"{prefix}/batch", self._signed_in(self._batch))
        app.router.add_get(prefix, self._signed_in(self._history))
        app.router.add_get(f"{prefix}/{{id}}", self._signed_in(self._one))
        app.router.add_get(f"{prefix}/{{id}}/output", self._signed_in(self._output))
        app.router.add_post(f"{prefix}/{{id}}/cancel", self._signed_in(self._cancel))
        return app

    @property
    def run(self) -> Run:
        """The newest."""
        return list(self.runs.values())[-1]

    async def shows(self, terminal_id: str, data: bytes) -> None:
        """Send a terminal's output to whoever views it."""
        ws = self.terminals[terminal_id]
        assert ws is not None
        text = base64.b64encode(data).decode()
        await ws.send_json({"type": "terminal_data", "terminal_id": terminal_id, "data": text})

    async def closes(self, terminal_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        """End a terminal."""
        ws = self.terminals.pop(terminal_id)
        assert ws is not None
        await ws.send_json({"type": "terminal_close", "terminal_id": terminal_id, "reason": "", **fields})

    def _begin(self, server_id: str, order: Frame, batch_id: str | None = None) -> Run:
        run = Run(self, order, f"cmd_{next(self._count)}", server_id, batch_id)
        self.runs[run.id] = run
        return run

    async def _played(self, run: Run) -> None:
        if self.play is not None:
            await self.play(run)

    async def _users(self, _request: web.Request) -> web.Response:
        user = USER | {"active": True, "created_at": MORNING}
        return web.json_response({"items": [user], "next": None})

    async def _run(self, request: web.Request) -> web.Response:
        order = await request.json()
        if order["server_id"] in self.offline:
            return problem(503, "agent_offline", "the server's agent is not connected")
        run = self._begin(order["server_id"], order)
        await self._played(run)
        return web.json_response(run.view, status=200 if order.get("wait", True) else 202)

    async def _batch(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.batches.append(order)
        wanted = list(order.get("server_ids", ()))
        if order.get("select"):
            wanted += [server["id"] for server in self.servers if order["select"] in server["tags"]]
        runs = [self._begin(server_id, order, "bat_1") for server_id in wanted]
        for run in runs:
            if run.server_id in self.offline:
                run.reason = {"code": "agent_offline", "message": "the server's agent is not connected"}
                await run.ends(None, status="refused")
            else:
                await self._played(run)
        items = [
            {"command_id": run.id, "server_id": run.server_id, "status": run.end["status"]} for run in runs
        ]
        return web.json_response({"batch_id": "bat_1", "items": items}, status=202)

    async def _history(self, request: web.Request) -> web.Response:
        query = request.query
        items = [
            run.view
            for run in reversed(self.runs.values())
            if query.get("server_id", run.server_id) == run.server_id
            and query.get("q", "") in run.order["command"]
            and query.get("batch_id") in (None, run.batch_id)
        ]
        return web.json_response({"items": items[: int(query.get("limit", "100"))], "next": None})

    async def _one(self, request: web.Request) -> web.Response:
        run = self.runs.get(request.match_info["id"])
        return web.json_response(run.view) if run else problem(404, "not_found", "no such command")

    async def _output(self, request: web.Request) -> web.Response:
        return web.Response(body=self.runs[request.match_info["id"]].output)

    async def _cancel(self, request: web.Request) -> web.Response:
        run = self.runs[request.match_info["id"]]
        force = bool((await request.json()).get("force", False))
        run.cancels.append(force)
        if run.on_cancel is not None:
            await run.on_cancel(run, force)
        return web.json_response(run.view)

    async def _answer(self, ws: web.WebSocketResponse, frame: Frame) -> None:
        kind, topic = frame["type"], frame.get("topic")
        if topic in self.refuse_topics or topic not in {"command", "logs"}:
            if kind.startswith("terminal_"):
                await self._terminal(ws, frame)
            else:
                await super()._answer(ws, frame)
            return
        words = {name: frame.get(name) for name in ("topic", "server_id", "command_id", "source")}
        if kind == "subscribe":
            self.subscriptions.append((ws, words))
            self.most_subscriptions = max(self.most_subscriptions, len(self.subscriptions))
        elif (ws, words) in self.subscriptions:
            self.subscriptions.remove((ws, words))
        await ws.send_json({"type": "result", "id": frame["id"]})
        if kind == "subscribe" and topic == "command":
            for sent in filter(None, tuple(self.runs[frame["command_id"]].frames)):
                await ws.send_json(sent)
            self.sent_all = True
        elif kind == "subscribe" and self.log:
            tail = self.log[-frame["source"].get("tail", 100) :]
            await self.logs(tail, only=ws)

    async def logs(self, lines: list[Frame], only: web.WebSocketResponse | None = None) -> None:
        """Send lines to whoever follows a log."""
        for ws, words in tuple(self.subscriptions):
            if words["topic"] == "logs" and only in (None, ws):
                named = {"server_id": words["server_id"], "source": words["source"]}
                await ws.send_json({"type": "log_lines", **named, "lines": lines})

    async def _terminal(self, ws: web.WebSocketResponse, frame: Frame) -> None:
        match frame["type"]:
            case "terminal_data":
                self.typed += base64.b64decode(frame["data"])
            case "terminal_resize":
                self.sizes.append((frame["cols"], frame["rows"]))
            case "terminal_credit":
                pass
            case _ if self.refuse_terminals:
                code, message = self.refuse_terminals
                await ws.send_json({"type": "error", "id": frame["id"], "code": code, "message": message})
            case _ if not self.deaf_to_terminals:
                await self._asked_for_terminal(ws, frame)
            case _:
                pass

    async def _asked_for_terminal(self, ws: web.WebSocketResponse, frame: Frame) -> None:
        answer: Frame = {"type": "result", "id": frame["id"]}
        terminal_id = frame.get("terminal_id", "")
        match frame["type"]:
            case "terminal_open":
                terminal_id = answer["terminal_id"] = f"trm_{next(self._count)}"
                self.terminals[terminal_id] = ws
                self.sizes.append((frame["cols"], frame["rows"]))
            case "terminal_attach" if terminal_id in self.terminals:
                self.terminals[terminal_id] = ws
                self.sizes.append((frame["cols"], frame["rows"]))
            case "terminal_attach":
                refusal = {"code": "not_found", "message": "no such terminal"}
                answer = {"type": "error", "id": frame["id"], **refusal}
            case "terminal_detach":
                self.terminals[terminal_id] = None
            case "terminal_close":
                del self.terminals[terminal_id]
            case "terminal_list":
                answer["terminals"] = [self._entry(each, frame["server_id"]) for each in self.terminals]
            case _:
                pass
        await ws.send_json(answer)
        if frame["type"] == "terminal_attach" and self.replay and "code" not in answer:
            await self.shows(terminal_id, self.replay)

    def _entry(self, terminal_id: str, server_id: str) -> Frame:
        return {
            "terminal_id": terminal_id,
            "server_id": server_id,
            "user_id": "usr_1",
            "cols": 80,
            "rows": 24,
            "started_at": MORNING,
            "detached": self.terminals[terminal_id] is None,
        }
