from types import SimpleNamespace

from chatops_agent.collectors.temperatures import named
from chatops_wire.samples import Temperature


def sensor(label: str, current: float) -> SimpleNamespace:
    return SimpleNamespace(label=label, current=current)


def test_sensors_are_named_by_chip_and_label_each_once() -> None:
    chips = {
        "coretemp": [sensor("Package id 0", 51.04), sensor("Core 0", 49.0), sensor("Core 0", 50.0)],
        "nvme": [sensor("", 38.9)],
        "": [sensor("", 20.0)],
    }
    assert named(chips) == (
        Temperature(sensor="coretemp Package id 0", celsius=51.0),
        Temperature(sensor="coretemp Core 0", celsius=49.0),
        Temperature(sensor="coretemp Core 0 2", celsius=50.0),
        Temperature(sensor="nvme", celsius=38.9),
        Temperature(sensor="sensor", celsius=20.0),
    )


def test_implausible_readings_are_left_out() -> None:
    broken = [sensor("x", value) for value in (-128.0, 65261.8, float("nan"), float("inf"))]
    assert named({"chip": broken}) == ()
