"""The two charts of a container: CPU of one core, and memory."""

from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.spans import Cell
from chatops_tui.screens.charts import Kind, MetricChart, ServerCharts
from chatops_tui.screens.container_cells import memory_use, share_of_core
from chatops_tui.screens.context import Context
from chatops_tui.store.container_series import CHARTED, CPU, MEMORY
from chatops_tui.store.memory import ServerMemory
from chatops_wire.containers import Container

# Below this a line is noise: an idle container's stays flat.
_LEAST_BYTES: Final = 4 * 1024 * 1024.0
_LEAST_PERCENT: Final = 10.0
# What is told of a container by yes or no is marked where one looks for what it did.
_STATES: Final = ("container.unhealthy", "container.stopped", "container.restarting")
# Two charts beside each other are readable from here on, or two below each other.
_TWO_ACROSS: Final = 48
_TWO_DOWN: Final = 10


def metrics_of(name: str) -> tuple[str, ...]:
    """Return what is charted of the container of this name; nothing without one."""
    return tuple(f"{metric}:{name}" for metric in CHARTED) if name else ()


def kinds_of(name: str) -> tuple[Kind, Kind]:
    """Return the charts of the container of this name."""
    cpu, memory = f"{CPU}:{name}", f"{MEMORY}:{name}"
    about = (cpu, *(f"{state}:{name}" for state in _STATES))
    asked = metrics_of(name)
    return (
        Kind(
            "container-cpu",
            "CPU",
            "percent",
            (cpu,),
            _nothing,
            about,
            least_top=_LEAST_PERCENT,
            # Of one core: most use a fraction of it, and some several.
            is_whole=False,
            asked=asked,
        ),
        Kind(
            "container-memory",
            "MEM",
            "bytes",
            (memory,),
            _nothing,
            (memory,),
            least_top=_LEAST_BYTES,
            asked=asked,
        ),
    )


def _nothing(_vitals: object) -> list[Cell]:
    """A server's vitals say nothing of one of its containers."""
    return []


class ContainerChart(MetricChart):
    """One metric of whichever container it is given."""

    def __init__(self, kind: Kind, context: Context, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(kind, context, id=id)
        self._item: Container | None = None

    def take(self, item: Container | None, kind: Kind) -> None:
        """Be about this container from now on; None: nothing is known of it but its figures."""
        self._item = item
        self.kind = kind

    def figures(self, memory: ServerMemory) -> list[Cell]:  # noqa: ARG002 - they are the container's
        """Return what it takes now."""
        item = self._item
        if item is None:
            return []
        if self.kind.unit == "bytes":
            return [memory_use(item)]
        many = "process" if item.pids == 1 else "processes"
        pids = f"  {numbers.count(item.pids)} {many}" if item.pids is not None else ""
        return [[share_of_core(item.cpu_percent)], [(pids, "muted")]]


class ContainerCharts(ServerCharts):
    """Both, beside each other where there is room."""

    def __init__(self, context: Context, name: str) -> None:
        """Be about the container of this name: its thresholds may come before it is drawn."""
        super().__init__(context, kinds_of(name), arranges=True, id="container-charts")

    def chart_of(self, kind: Kind) -> ContainerChart:
        """Return the chart of a kind."""
        return ContainerChart(kind, self._given, id=f"chart-{kind.id}")

    def take(self, name: str, item: Container | None) -> None:
        """Be about the container of this name."""
        for chart, kind in zip(self.query(ContainerChart), kinds_of(name), strict=True):
            chart.take(item, kind)

    def grid(self) -> tuple[int, int]:
        """Return how many charts there is room for beside and below each other."""
        if self.size.width >= _TWO_ACROSS:
            return 2, 1
        return 1, 2 if self.size.height >= _TWO_DOWN else 1
