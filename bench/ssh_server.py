"""A private sshd on this machine with one connection kept open (ControlMaster), where sshd is at hand."""

import contextlib
import getpass
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.figures import progress

_UP_WITHIN_S: Final = 10.0
_STOP_WITHIN_S: Final = 5.0
# Debian keeps it out of the PATH of ordinary users.
_SSHD_PLACES: Final = "/usr/sbin:/usr/local/sbin:/usr/bin"


@dataclass(frozen=True, slots=True)
class Ssh:
    """A connection that stands."""

    command: tuple[str, ...]
    """What to put before a remote command."""


@contextlib.contextmanager
def ssh_to_here() -> Iterator[Ssh | None]:
    """Yield a way to run commands here by ssh; None, and why, where there is none."""
    sshd = shutil.which("sshd", path=_SSHD_PLACES)
    if sshd is None or shutil.which("ssh") is None:
        progress("sshd is not installed: no comparison with ssh")
        yield None
        return
    # Not in a folder with a long name: a control socket's path has 100 bytes or so.
    with tempfile.TemporaryDirectory(prefix="cssh-", dir="/tmp") as name:
        folder = Path(name)
        with _daemon(sshd, folder) as port, _master(folder, port) as ssh:
            yield ssh


@contextlib.contextmanager
def _daemon(sshd: str, folder: Path) -> Iterator[int]:
    for key in ("host", "user"):
        _call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\nLogLevel ERROR\n"
    )
    if getpass.getuser() == "root":
        # Where it puts its unprivileged half; on a machine that never ran sshd it is missing.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    daemon = subprocess.Popen([sshd, "-D", "-f", str(folder / "sshd_config")])  # noqa: S603 - as found above
    try:
        yield port
    finally:
        daemon.terminate()
        daemon.wait(_STOP_WITHIN_S)


@contextlib.contextmanager
def _master(folder: Path, port: int) -> Iterator[Ssh | None]:
    # No address of the user's own configuration, no question, nothing written to their known hosts.
    common = (
        "ssh", "-F", "none", "-p", str(port), "-i", f"{folder}/user", "-S", f"{folder}/ctl",
        "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "LogLevel=ERROR",
    )  # fmt: skip
    deadline = time.monotonic() + _UP_WITHIN_S
    while not _succeeds(*common, "-M", "-N", "-f", "127.0.0.1"):
        if time.monotonic() > deadline:
            progress("sshd does not let us in: no comparison with ssh")
            yield None
            return
        time.sleep(0.1)
    try:
        yield Ssh((*common, "127.0.0.1"))
    finally:
        _call(*common, "-O", "exit", "127.0.0.1")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _succeeds(*command: str) -> bool:
    # Not captured: the connection that goes on behind would keep the pipes open.
    nowhere = subprocess.DEVNULL
    return not subprocess.run(command, check=False, stdout=nowhere, stderr=nowhere).returncode  # noqa: S603 - ours


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
