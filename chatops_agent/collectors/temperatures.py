"""Temperatures, where the machine has sensors."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import psutil

from chatops_agent.collectors.text import clean
from chatops_wire.samples import Temperature

# An unconnected or broken sensor reports its register's ends (-128, -274, 65261.8).
_PLAUSIBLE: Final = (-60.0, 200.0)


class TemperaturesCollector:
    """Sensors as the system lists them now."""

    def collect(self, now: float) -> tuple[Temperature, ...]:
        """Return the plausible ones, each under a name of its own; none where the system tells none."""
        del now
        read = getattr(psutil, "sensors_temperatures", None)
        return named(read()) if read is not None else ()


def named(chips: Mapping[str, Iterable[Any]]) -> tuple[Temperature, ...]:
    """Return readings under `chip` or `chip label`, numbered where that alone would repeat a name."""
    readings: dict[str, float] = {}
    for chip, sensors in chips.items():
        for sensor in sensors:
            low, high = _PLAUSIBLE
            # Not a number compares false as well.
            if low <= sensor.current <= high:
                name = clean(f"{chip} {sensor.label}".strip() or "sensor")
                readings[_free_name(name, readings)] = round(sensor.current, 1)
    return tuple(Temperature(sensor=name, celsius=value) for name, value in readings.items())


def _free_name(name: str, taken: Mapping[str, float]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
