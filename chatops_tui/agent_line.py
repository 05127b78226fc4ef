"""The line that starts an agent, and where it is typed: the same in the UI and on the command line."""

import shlex
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

# Where `make setup` puts it in every clone, whatever this one's environment is called.
_IN_CLONE: Final = ".venv/bin/chatops-agent"
_INSTALLED: Final = "chatops-agent"
# Only a clone has it: it makes the environment.
_CLONE_MARK: Final = "packaging/venv.sh"
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def is_clone(prefix: Path) -> bool:
    """Return whether the environment at `prefix` was made by `make setup` in a clone."""
    return (prefix.parent / _CLONE_MARK).is_file()


# Looked at once, when imported: a disk is not to be waited for while a screen is drawn.
_HERE: Final = is_clone(Path(sys.prefix))


def agent_line(url: str, key: str, *, pin: str = "", in_clone: bool = _HERE) -> str:
    """Return what is typed into a shell of the new machine, quoted: it leads to that machine's user.

    The key goes by the environment: arguments can be read by every user of a machine.

    Args:
        url: The hub's address, or several with commas.
        key: The agent's.
        pin: Of the hub's certificate; empty: an authority vouches for it.
        in_clone: Whether ChatOps is run there from a clone; as it is here, when not said.
    """
    program = _IN_CLONE if in_clone else _INSTALLED
    pinned = f" --tls-pin {shlex.quote(pin)}" if pin else ""
    urls = " ".join(f"--url {shlex.quote(each)}" for each in url.split(","))
    return f"CHATOPS_API_KEY={shlex.quote(key)} {program} run {urls}{pinned}"


def enroll_line(url: str, line: str, *, pin: str = "", in_clone: bool = _HERE) -> str:
    """Return what is typed into a shell of a new machine that enrols, quoted: it leads to its user.

    The token goes by the shell's own `printf` and a pipe: arguments can be read by every user of a machine.

    Args:
        url: The hub's address; of several with commas the first one is asked, and the agent keeps that.
        line: The token, with the pin behind it where the hub's certificate is its own.
        pin: What is pinned here; for a token without a pin.
        in_clone: As for `agent_line`.
    """
    program = _IN_CLONE if in_clone else _INSTALLED
    pinned = f" --tls-pin {shlex.quote(pin)}" if pin and "." not in line else ""
    enroll = f"{program} enroll --url {shlex.quote(url.split(',', maxsplit=1)[0])}{pinned} --token-stdin"
    return f"printf %s {shlex.quote(line)} | {enroll} && {program} run"


def place(*, in_clone: bool = _HERE) -> str:
    """Return where the line is run, as the middle of a sentence."""
    return "on the machine, in its clone of ChatOps after `make setup`" if in_clone else "on the machine"


def reach_hint(url: str) -> str:
    """Return what another machine needs when `url` only holds on this one, else nothing."""
    parts = urlsplit(url.split(",", maxsplit=1)[0])
    if (parts.hostname or "") not in _THIS_MACHINE:
        return ""
    port = "" if parts.port is None else f":{parts.port}"
    return (
        "From another machine: the hub must be started with --host 0.0.0.0 (`chatops-server tls init` first) "
        f"or stand behind a proxy, and the address is {parts.scheme}://THIS-MACHINE{port}{parts.path}"
    )
