"""What the double's machines allow, and to what they are narrowed there."""

from aiohttp import web

from chatops_wire.policy import MachinePolicy, NarrowedTo, PolicySummary, PolicyView, narrowed
from tests.tui.screens.json_answers import answer

HOSTILE = "/usr/bin/\x1b]0;owned\x07id"


class PolicyDouble:
    """One policy for all; what it is narrowed to by server."""

    def __init__(self) -> None:
        self.capabilities: tuple[str, ...] = ("metrics", "docker", "commands", "logs", "signed")
        self.machine: MachinePolicy | None = MachinePolicy(
            source="file",
            allowed=("docker", "commands", "logs"),
            commands=("/usr/bin/uptime", HOSTILE, *(f"/usr/bin/tool-{number}" for number in range(9))),
            containers=("web-[0-9]+",),
            log_paths=("/var/log/nginx",),
            signed=("docker",),
        )
        self.narrowed: NarrowedTo | None = None

    @property
    def summary(self) -> PolicySummary:
        return PolicySummary(source="file", lists_commands=True, signed=("docker",), narrowed=self.narrowed)

    @property
    def left(self) -> tuple[str, ...]:
        return narrowed(self.capabilities, self.narrowed)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/servers/{id}/policy", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        return answer(
            PolicyView(
                server_id=request.match_info["id"],
                capabilities=self.left,
                machine_capabilities=self.capabilities,
                machine=self.machine,
                narrowed=self.narrowed,
                narrowed_by=None if self.narrowed is None else "u1",
                narrowed_by_name=None if self.narrowed is None else "ada",
                narrowed_at=None if self.narrowed is None else "2026-01-31T12:00:00.000Z",
            )
        )
