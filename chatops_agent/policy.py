"""What this machine allows the hub to ask for. The hub cannot extend it, whatever it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from chatops_wire.settings import SettingError

Permission = Literal["docker", "commands", "terminal", "logs"]
# Of what --allow docker gives, what can be taken away again: a shell in a container, removing anything,
# and removing all that is not in use.
Denial = Literal["exec", "remove", "prune"]
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
ALL: Final = "all"

# Needs no permission.
_ALWAYS: Final = ("metrics",)


@dataclass(frozen=True, slots=True)
class Policy:
    """The permissions given, and the only folders whose files may be followed."""

    allowed: frozenset[Permission]
    log_paths: tuple[Path, ...]
    denied: frozenset[Denial] = frozenset()

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the hub is told that it may ask for."""
        return (*_ALWAYS, *(name for name in PERMISSIONS if name in self.allowed))

    def allows(self, permission: Permission) -> bool:
        """Say whether the hub may ask for this."""
        return permission in self.allowed

    @property
    def allows_exec(self) -> bool:
        """Whether a shell may be opened in a container."""
        return self.allows("docker") and "exec" not in self.denied


def parse(allow: Iterable[str], log_paths: Iterable[str], denied: Iterable[Denial] = ()) -> Policy:
    """Return the policy of these words.

    Raises:
        SettingError: An unknown permission, or a log path that is not absolute.
    """
    paths = tuple(Path(path) for path in log_paths)
    relative = next((path for path in paths if not path.is_absolute()), None)
    if relative is not None:
        raise SettingError(f"--log-path: not an absolute path: {str(relative)!r}")
    return Policy(_permissions(allow), paths, frozenset(denied))


def _permissions(words: Iterable[str]) -> frozenset[Permission]:
    allowed: set[Permission] = set()
    for word in words:
        if word == ALL:
            allowed.update(PERMISSIONS)
        elif word in PERMISSIONS:
            allowed.add(word)
        else:
            raise SettingError(f"--allow: {word!r} is none of {', '.join(PERMISSIONS)}, {ALL}")
    return frozenset(allowed)
