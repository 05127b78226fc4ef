"""What this machine allows the hub to ask for. The hub cannot extend it, whatever it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from chatops_agent.command_rules import CommandRule
from chatops_agent.patterns import Pattern
from chatops_wire.policy import MOST_ENTRIES, MachinePolicy, trimmed
from chatops_wire.settings import SettingError

Permission = Literal["docker", "commands", "terminal", "logs", "docker_read"]
# Of what --allow docker gives, what can be taken away again: a shell in a container, removing anything,
# and removing all that is not in use.
Denial = Literal["exec", "remove", "prune"]
# What can be limited to what an authorized signer signed.
Signable = Literal["commands", "terminal", "docker"]
SIGNABLE: Final[tuple[Signable, ...]] = get_args(Signable)
ALL: Final = "all"
# `docker` has `docker_read` in it: whoever may change containers may look into them.
PERMISSIONS: Final[tuple[Permission, ...]] = ("docker", "commands", "terminal", "logs")
WORDS: Final[tuple[Permission, ...]] = get_args(Permission)

# Needs no permission.
_ALWAYS: Final = ("metrics",)
# It goes with the agent's first message, of which a hub takes 64 KiB.
_MOST_TOLD_BYTES: Final = 32 * 1024
# Told among the capabilities: this machine does only what is signed.
SIGNED: Final = "signed"


@dataclass(frozen=True, slots=True)
class Login:
    """Who a terminal belongs to; empty: the agent's own user, and that user's shell."""

    user: str = ""
    shell: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The permissions given, and what is meant by them here."""

    allowed: frozenset[Permission]
    log_paths: tuple[Path, ...]
    """The only folders whose files may be followed."""
    denied: frozenset[Denial] = frozenset()
    commands: tuple[CommandRule, ...] | None = None
    """The only commands, run without a shell; None: any."""
    containers: tuple[Pattern, ...] | None = None
    """Names of the only containers that may be looked into or changed; None: all."""
    log_units: tuple[Pattern, ...] | None = None
    """The only units whose journal may be followed; None: all."""
    login: Login = Login()
    signed: frozenset[Signable] = frozenset()
    """What is done only with a signature."""
    source: Literal["flags", "file"] = "flags"

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the hub is told that it may ask for."""
        found = tuple(name for name in PERMISSIONS if name in self.allowed)
        reading = () if "docker" in found or not self.allows("docker_read") else ("docker_read",)
        return (*_ALWAYS, *found, *reading, *((SIGNED,) if self.signed else ()))

    def allows(self, permission: Permission) -> bool:
        """Say whether the hub may ask for this."""
        return permission in self.allowed or (permission == "docker_read" and "docker" in self.allowed)

    @property
    def allows_exec(self) -> bool:
        """Whether a shell may be opened in a container."""
        return self.allows("docker") and "exec" not in self.denied

    @property
    def told(self) -> MachinePolicy:
        """Return it as the hub is told, to show it to people; of long lists the beginning."""
        whole, most = self._whole, MOST_ENTRIES
        while len(msgspec.json.encode(told := trimmed(whole, most))) > _MOST_TOLD_BYTES:
            most //= 2
        return told

    @property
    def _whole(self) -> MachinePolicy:
        return MachinePolicy(
            source=self.source,
            allowed=tuple(word for word in WORDS if word in self.allowed),
            denied=tuple(sorted(self.denied)),
            commands=None if self.commands is None else tuple(rule.text for rule in self.commands),
            containers=_texts(self.containers),
            log_paths=tuple(str(path) for path in self.log_paths),
            log_units=_texts(self.log_units),
            signed=tuple(word for word in SIGNABLE if word in self.signed),
            terminal_user=self.login.user,
            terminal_shell=self.login.shell,
        )


def parse(allow: Iterable[str], log_paths: Iterable[str], denied: Iterable[Denial] = ()) -> Policy:
    """Return the policy of these words.

    Raises:
        SettingError: An unknown permission, or a log path that is not absolute.
    """
    return Policy(permissions(allow), absolute(log_paths, "--log-path"), frozenset(denied))


def permissions(words: Iterable[str], where: str = "--allow") -> frozenset[Permission]:
    """Return the permissions of these words.

    Raises:
        SettingError: An unknown one; the text begins with `where`.
    """
    allowed: set[Permission] = set()
    for word in words:
        if word == ALL:
            allowed.update(PERMISSIONS)
        elif word in WORDS:
            allowed.add(word)
        else:
            raise SettingError(f"{where}: {word!r} is none of {', '.join(WORDS)}, {ALL}")
    return frozenset(allowed)


def absolute(log_paths: Iterable[str], where: str) -> tuple[Path, ...]:
    """Return folders.

    Raises:
        SettingError: One is not absolute; the text begins with `where`.
    """
    paths = tuple(Path(path) for path in log_paths)
    relative = next((path for path in paths if not path.is_absolute()), None)
    if relative is not None:
        raise SettingError(f"{where}: not an absolute path: {str(relative)!r}")
    return paths


def both(one: Iterable[Permission], other: Iterable[Permission]) -> frozenset[Permission]:
    """Return what both allow."""
    found = _opened(one) & _opened(other)
    return found - {"docker_read"} if "docker" in found else found


def within(paths: Iterable[Path], others: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the folders that lie in both lists: of two nested ones the inner."""
    found = dict.fromkeys(
        one if one.is_relative_to(other) else other
        for one in paths
        for other in others
        if one.is_relative_to(other) or other.is_relative_to(one)
    )
    return tuple(found)


def _opened(words: Iterable[Permission]) -> frozenset[Permission]:
    found = frozenset(words)
    return found | {"docker_read"} if "docker" in found else found


def _texts(patterns: tuple[Pattern, ...] | None) -> tuple[str, ...] | None:
    return None if patterns is None else tuple(pattern.text for pattern in patterns)
