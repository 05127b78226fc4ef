"""Network interfaces: bytes a second, and errors."""

from typing import Final

import psutil

from chatops_agent.collectors.rates import CounterRates
from chatops_agent.collectors.text import clean
from chatops_wire.samples import Network

_LOOPBACK: Final = frozenset({"lo", "lo0"})
# The host's ends of containers' cables and kernel-made stand-ins: dozens of names that come and go, whose
# traffic is counted again by the interface behind them.
_STAND_INS: Final = ("veth", "ifb", "dummy")


class NetworksCollector:
    """Rates since the last call; an interface seen for the first time has none yet."""

    def __init__(self) -> None:
        self._bytes = CounterRates()
        self._errors = CounterRates()

    def collect(self, now: float) -> tuple[Network, ...]:
        """Return every interface but loopback and containers' ends, by name."""
        # nowrap=True would hide a reset by adding up; a reset is told here instead.
        counters = {
            name: counter
            for name, counter in psutil.net_io_counters(pernic=True, nowrap=False).items()
            if is_shown(name)
        }
        rates = self._bytes.update(
            {name: (counter.bytes_recv, counter.bytes_sent) for name, counter in counters.items()}, now
        )
        errors = self._errors.increases(
            {
                name: (counter.errin + counter.errout + counter.dropin + counter.dropout,)
                for name, counter in counters.items()
            }
        )
        return tuple(_network(name, rates.get(name), errors.get(name)) for name in sorted(counters))


def is_shown(name: str) -> bool:
    """Say whether an interface of this name is worth a line."""
    return name not in _LOOPBACK and not name.startswith(_STAND_INS)


def _network(name: str, rates: tuple[float, ...] | None, errors: tuple[int, ...] | None) -> Network:
    received, sent = rates or (None, None)
    return Network(
        interface=clean(name),
        rx_bps=None if received is None else round(received, 1),
        tx_bps=None if sent is None else round(sent, 1),
        errors=errors[0] if errors else None,
    )
