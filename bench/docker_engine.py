"""A real Docker engine of one's own, beside whatever runs on the machine: for benchmarks and tests."""

import io
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

IMAGE: Final = "chatops-test/busybox:1"
_PROGRAMS: Final = (
    "sh", "cat", "date", "dd", "echo", "env", "false", "grep", "head", "kill", "ls", "nc", "printf", "ps",
    "seq", "sleep", "stty", "tail", "test", "touch", "trap", "true", "tty", "wc", "yes", "id",
)  # fmt: skip
# On a busy machine with a slow disk; TEST_TIMEOUT_SCALE makes it longer, as all deadlines of tests.
_SCALE: Final = float(os.environ.get("TEST_TIMEOUT_SCALE", "1"))
_START_WITHIN_S: Final = 60.0 * _SCALE
_ANSWER_WITHIN_S: Final = 120.0 * _SCALE
_LOOK_EVERY_S: Final = 0.01


class EngineUnavailableError(Exception):
    """The engine cannot be started, or does not do what it is told."""


class DockerEngine:
    """An engine on a socket of its own, with an image of busybox, and `docker` to speak to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Its address, as in DOCKER_HOST."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it listens; its containers and images are those of the last time.

        Raises:
            EngineUnavailableError: It ends at once, or does not listen in time.
        """
        log = self._folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [  # noqa: S607 - whichever is installed
                    "dockerd", "--data-root", self._folder / "data", "--exec-root", self._folder / "exec",
                    "--pidfile", self._folder / "pid", "--host", self.host,
                    "--bridge=none", "--iptables=false",
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                # Not that of a test: terminals of containers are made in XDG_RUNTIME_DIR.
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
            )  # fmt: skip
        deadline = time.monotonic() + _START_WITHIN_S
        while "API listen on" not in (said := log.read_text(errors="replace")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise EngineUnavailableError(f"dockerd does not start: {said[-500:]}")
            time.sleep(_LOOK_EVERY_S)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it by this signal, and wait for that."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_ANSWER_WITHIN_S)

    def docker(self, *words: str, check: bool = True) -> str:
        """Return what `docker WORDS` prints, without blanks around it.

        Raises:
            EngineUnavailableError: It failed, and `check` asks for that.
        """
        done = subprocess.run(  # noqa: S603 - our own words
            ["docker", "--host", self.host, *words],  # noqa: S607 - whichever is installed
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_ANSWER_WITHIN_S, check=False,
            env={**os.environ, "DOCKER_CONFIG": str(self._folder / "config")},
        )  # fmt: skip
        if check and done.returncode:
            said = done.stderr.decode(errors="replace")
            raise EngineUnavailableError(f"docker {' '.join(words)}: {said}")
        return done.stdout.decode(errors="replace").strip()

    def run(self, name: str, *command: str, options: Sequence[str] = ()) -> str:
        """Start a container in the background and return its id; without a network unless one is chosen."""
        network = () if any(each.startswith("--network") for each in options) else ("--network", "none")
        return self.docker("run", "--detach", "--name", name, *network, *options, IMAGE, *command)

    def clear(self) -> None:
        """Remove every container, and the volumes and networks that tests have made."""
        containers = self.docker("ps", "--all", "--quiet").split()
        if containers:
            # One that is being removed already is no error.
            self.docker("rm", "--force", "--volumes", *containers, check=False)
        self.docker("volume", "prune", "--force", check=False)

    def import_image(self) -> None:
        """Make the image out of the machine's static busybox; no registry is asked."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(_busybox(), "bin/busybox")
            for program in _PROGRAMS:
                link = tarfile.TarInfo(f"bin/{program}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
            for folder in ("tmp", "root", "etc"):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o777
                tar.addfile(entry)
        file = self._folder / "image.tar"
        file.write_bytes(packed.getvalue())
        self.docker("import", str(file), IMAGE)


def _busybox() -> str:
    """Return the path of a busybox that needs no libraries; empty: there is none."""
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        with suppress(OSError):
            if b"/ld-" not in Path(path).read_bytes():
                return path
    return ""


def obstacle() -> str:
    """Return why there can be no engine of one's own here; empty: there can."""
    if os.geteuid() != 0:
        return "an engine of one's own needs root"
    missing = [program for program in ("dockerd", "docker") if shutil.which(program) is None]
    if missing or not _busybox():
        return f"no engine of one's own: {', '.join(missing) or 'busybox-static'} is not installed"
    return ""
