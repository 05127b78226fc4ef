"""The way out of the sandbox of the agent's own unit: what the hub asks for becomes a unit of its own.

Not a scope: its processes would be children of the agent, and a sandbox (namespaces, system calls, no new
privileges) is inherited. A transient service is a child of the service manager instead. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Wish = Literal["auto", "on", "off"]

PROGRAM: Final = "/usr/bin/systemd-run"
# Set by systemd for every service; a shell in which somebody tries the agent has none.
_INVOCATION: Final = "INVOCATION_ID"
# Of /proc/self/status: what a sandbox with system call filters or without new privileges shows.
_SIGNS: Final = ("NoNewPrivs:\t1", "Seccomp:\t2")
# Of what runs there, and a machine's other work; its own limits, since the agent's no longer hold.
_PROPERTIES: Final = ("LimitCORE=0", "UMask=0022", "TasksMax=4096", "KillMode=process")


@dataclass(frozen=True, slots=True)
class Outside:
    """Which service manager starts it."""

    runtime_dir: str | None
    """Of the agent's own user, whose manager it is; None: the system's, for an agent of root."""
    program: str = PROGRAM

    def argv(
        self,
        name: str,
        words: tuple[str, ...],
        cwd: str,
        env: Mapping[str, str],
        most_s: float | None,
    ) -> tuple[str, ...]:
        """Return what starts these words as a transient service, waits for it and ends as it ended.

        Args:
            name: Of the unit, without its ending.
            words: The program by its path, and its arguments.
            cwd: Where it runs.
            env: Its environment; of the values nothing stands in the words returned.
            most_s: After so long the service manager ends it, should the agent be gone by then.
        """
        user = () if self.runtime_dir is None else ("--user",)
        longest = () if most_s is None else (f"--property=RuntimeMaxSec={most_s:.0f}",)
        return (
            self.program, *user, "--quiet", "--collect", "--wait", "--pipe", "--service-type=exec",
            f"--unit={name}", f"--working-directory={cwd}",
            *(f"--property={each}" for each in _PROPERTIES), *longest,
            # By name: systemd-run takes the values from its own environment, which others cannot read.
            *(f"--setenv={each}" for each in sorted(env)),
            "--", *words,
        )  # fmt: skip

    def environ(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of systemd-run itself."""
        own = {} if self.runtime_dir is None else {"XDG_RUNTIME_DIR": self.runtime_dir}
        return {**env, **own}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the agent finds itself."""

    uid: int
    is_service: bool
    is_sandboxed: bool
    has_program: bool
    has_manager: bool
    """There is the bus at which the service manager is asked."""


def manager_socket(uid: int) -> str:
    """Return the bus at which this user may ask a service manager to start something.

    systemd-run waits for what it starts over a bus only, not over the manager's private socket.
    """
    return "/run/dbus/system_bus_socket" if uid == 0 else f"/run/user/{uid}/bus"


def is_service(environ: Mapping[str, str]) -> bool:
    """Say whether systemd started this process."""
    return _INVOCATION in environ


def is_sandboxed(status: str) -> bool:
    """Say of /proc/self/status whether what is started from here could do less than its user may."""
    lines = status.splitlines()
    return any(sign in lines for sign in _SIGNS)


def way_out(wish: Wish, place: Place) -> Outside | None:
    """Return how things are started outside; None: as children of the agent.

    Raises:
        ValueError: It was asked for and there is none; the text says why.
    """
    if wish == "off" or (wish == "auto" and not (place.is_service and place.is_sandboxed)):
        return None
    lack = _lack(place)
    if not lack:
        return Outside(None if place.uid == 0 else f"/run/user/{place.uid}")
    if wish == "on":
        raise ValueError(lack)
    return None


def _lack(place: Place) -> str:
    if not place.has_program:
        return f"there is no {PROGRAM} on this machine"
    if not place.has_manager:
        return f"no service manager is to be asked at {manager_socket(place.uid)}" + (
            "" if place.uid == 0 else " (loginctl enable-linger)"
        )
    return ""
