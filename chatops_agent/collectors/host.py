"""Facts of the machine that change at most at a restart."""

import os
import platform
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from chatops_agent.collectors.text import clean
from chatops_wire.agent import AgentInfo
from chatops_wire.version import VERSION

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_CPU_INFO: Final = Path("/proc/cpuinfo")
# x86 says `model name`, ARM boards `Model` or `Hardware`, POWER `cpu`, RISC-V `uarch`.
_CPU_MODEL: Final = re.compile(
    r"^(?:model name|Model|Hardware|cpu model|cpu|uarch)\s*:\s*(.+)$", re.MULTILINE
)


class HostCollector:
    """Reads the facts; what a system does not tell stays empty."""

    def collect(self, now: float) -> AgentInfo:
        """Return the facts."""
        del now
        system = os.uname()
        return AgentInfo(
            version=VERSION,
            boot_id=clean(_boot_id()),
            hostname=clean(socket.gethostname()),
            os=clean(_os_name(system)),
            kernel=clean(system.release),
            arch=clean(system.machine),
            cpu_model=clean(cpu_model(_text(_CPU_INFO)) or platform.processor()),
            cpu_count=psutil.cpu_count() or 0,
            memory_total=psutil.virtual_memory().total,
        )


def cpu_model(cpu_info: str) -> str:
    """Return the processor's name from /proc/cpuinfo, blanks squeezed; empty if it tells none."""
    found = _CPU_MODEL.search(cpu_info)
    return " ".join(found[1].split()) if found else ""


def _os_name(system: os.uname_result) -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    version = platform.mac_ver()[0]
    return f"macOS {version}" if version else f"{system.sysname} {system.release}"


def _boot_id() -> str:
    # The time of boot is as good where there is no id; it only moves with the clock's steps.
    return _text(_BOOT_ID).strip() or str(int(psutil.boot_time()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
