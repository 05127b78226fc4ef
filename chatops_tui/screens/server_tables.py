"""A server's tables: processes, disks, networks; columns and cells. Remote text passes `clean` here."""

from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.charset import Charset
from chatops_tui.render.columns import Column
from chatops_tui.render.command import command_cell
from chatops_tui.render.meter import percent_cell
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_wire.samples import Disk, Network, Process

PROCESS_COLUMNS: Final = (
    Column("pid", "PID", 7, align="right"),
    Column("user", "USER", 10, flex=1, max_width=16, priority=1),
    Column("cpu", "CPU%", 6, align="right"),
    Column("memory", "MEM", 6, align="right"),
    Column("share", "MEM%", 5, align="right", priority=2, sortable=False),
    Column("name", "COMMAND", 12, flex=30),
)
DISK_COLUMNS: Final = (
    Column("mount", "MOUNT", 14, flex=2, max_width=36),
    Column("use", "USE", 14, flex=2, max_width=32),
    Column("used", "USED", 6, align="right"),
    Column("total", "OF", 6, align="right"),
    Column("free", "FREE", 6, align="right"),
    Column("read", "READ/s", 7, align="right"),
    Column("write", "WRITE/s", 7, align="right"),
    Column("fstype", "TYPE", 8, priority=2),
    Column("device", "DEVICE", 16, flex=1, max_width=32, priority=3),
)
NETWORK_COLUMNS: Final = (
    Column("interface", "INTERFACE", 16, flex=1, max_width=32),
    Column("rx", "RECEIVED/s", 11, align="right"),
    Column("tx", "SENT/s", 11, align="right"),
    Column("errors", "ERRORS", 7, align="right"),
)
# Of one core: whoever takes more than a whole one stands out, but is not wrong.
_ONE_CORE: Final = 100.0
# In fewer cells folders would leave no room for what tells one command from another.
_WHOLE_COMMAND_FROM: Final = 64


def process_cells(process: Process, memory_total: float | None, command_width: int) -> list[Cell]:
    """Return one cell for each of PROCESS_COLUMNS; CPU is of one core and may pass 100."""
    whole = command_width >= _WHOLE_COMMAND_FROM
    share = process.memory_used / memory_total * 100 if memory_total else None
    return [
        [(str(process.pid), "muted")],
        [(clean(process.user), "muted")],
        [(_share_of_core(process.cpu_percent), "warn" if process.cpu_percent >= _ONE_CORE else "text")],
        [(numbers.size(process.memory_used), "text")],
        [(numbers.percent(share, 1).removesuffix("%"), "muted")],
        command_cell(process.name, process.command, whole=whole),
    ]


def disk_cells(disk: Disk, use_width: int, charset: Charset) -> list[Cell]:
    """Return one cell for each of DISK_COLUMNS."""
    return [
        [(clean(disk.mount), "strong")],
        percent_cell(disk.percent, use_width, charset=charset),
        [(numbers.size(disk.used), "text")],
        [(numbers.size(disk.total), "muted")],
        [(numbers.size(max(0, disk.total - disk.used)), "text")],
        [(numbers.rate(disk.read_bps), "series-1")],
        [(numbers.rate(disk.write_bps), "series-2")],
        [(clean(disk.fstype), "muted")],
        [(clean(disk.device), "muted")],
    ]


def network_cells(net: Network) -> list[Cell]:
    """Return one cell for each of NETWORK_COLUMNS."""
    return [
        [(clean(net.interface), "strong")],
        [("↓ ", "muted"), (f"{numbers.rate(net.rx_bps):>6}", "series-1")],
        [("↑ ", "muted"), (f"{numbers.rate(net.tx_bps):>6}", "series-2")],
        [(numbers.count(net.errors), "warn" if net.errors else "muted")],
    ]


def _share_of_core(percent: float) -> str:
    """Return the figure with a decimal while it says something."""
    return f"{percent:.1f}" if percent < 99.95 else f"{percent:.0f}"  # noqa: PLR2004 - rounds to three digits
