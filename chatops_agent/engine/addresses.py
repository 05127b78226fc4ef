"""Where an engine may listen. Pure; whether something is there is asked by a function that is passed in."""

from collections.abc import Callable, Mapping
from typing import Final

from chatops_wire.settings import SettingError

NONE: Final = "none"
_UNIX: Final = "unix://"
_TCP: Final = "tcp://"
# Docker's own places first; podman's serve where there is no Docker.
_SYSTEM: Final = ("/var/run/docker.sock", "/run/docker.sock")
_PODMAN: Final = "/run/podman/podman.sock"


def candidates(setting: str, environ: Mapping[str, str], exists: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the addresses to try in turn, as in DOCKER_HOST; none where no engine is to be expected.

    Args:
        setting: An address that stands above everything, `none`, or empty: look for it.
        environ: DOCKER_HOST is used as Docker's own programs do, and XDG_RUNTIME_DIR for rootless engines.
        exists: Whether there is a socket at a path.

    Raises:
        SettingError: An address of another kind than unix:// and tcp://.
    """
    if setting == NONE:
        return ()
    if setting:
        return (checked("--docker-host", setting),)
    if environ.get("DOCKER_HOST"):
        return (checked("DOCKER_HOST", environ["DOCKER_HOST"]),)
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    places = (
        *_SYSTEM,
        *((f"{runtime}/docker.sock",) if runtime else ()),
        _PODMAN,
        *((f"{runtime}/podman/podman.sock",) if runtime else ()),
    )
    return tuple(_UNIX + place for place in places if exists(place))


def checked(named: str, address: str) -> str:
    """Return the address.

    Raises:
        SettingError: It is neither unix:///PATH nor tcp://HOST:PORT; the message says who set it.
    """
    if address == NONE or (address.startswith(_UNIX + "/") and "\0" not in address):
        return address
    host, _, port = address.removeprefix(_TCP).rpartition(":")
    if address.startswith(_TCP) and host and port.isdecimal():
        return address
    raise SettingError(f"{named}: {address!r} is neither unix:///PATH nor tcp://HOST:PORT nor {NONE}")


def socket_path(address: str) -> str | None:
    """Return the path of a unix socket; None for another kind of address."""
    return address.removeprefix(_UNIX) if address.startswith(_UNIX) else None
