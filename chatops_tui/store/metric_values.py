"""Any metric of the catalogue off any form of a sample. Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from chatops_tui.store.vitals import Parts
from chatops_wire.metrics import CATALOGUE, UnknownMetricError, combined_values, labelled_values, parse
from chatops_wire.samples import SampleParts

_UP: Final = "server.up"


def values_of(sample: Parts, metrics: Collection[str]) -> dict[str, float]:
    """Return the values of those `metrics` the sample tells; unknown names have none."""
    whole = _whole(sample)
    found: dict[str, float | None] = {}
    if any(":" not in metric for metric in metrics):
        # Whoever sends a sample is up.
        found = {**combined_values(whole), _UP: 1.0}
    if any(":" in metric for metric in metrics):
        for _group, label, values in labelled_values(whole):
            found |= {f"{name}:{label}": value for name, value in values.items()}
    return {metric: value for metric in metrics if (value := found.get(metric)) is not None}


def is_metric(text: str) -> bool:
    """Return whether the catalogue has it, with its label if there is one."""
    try:
        parse(text)
    except UnknownMetricError:
        return False
    return True


def _whole(sample: Parts) -> SampleParts:
    if isinstance(sample, SampleParts):
        return sample
    return SampleParts(
        timestamp=sample.timestamp,
        cpu=sample.cpu,
        memory=sample.memory,
        disks=tuple(sample.disks),
        networks=tuple(sample.networks),
        temperatures=tuple(sample.temperatures),
        process_count=sample.process_count,
        uptime_s=sample.uptime_s,
    )


def offered_metrics(samples: Sequence[Parts | None]) -> list[str]:
    """Return what of the catalogue can be charted, and after each family its labels in these samples."""
    labels: dict[str, set[str]] = {}
    for sample in samples:
        for _group, label, values in labelled_values(_whole(sample)) if sample is not None else ():
            for name in values:
                labels.setdefault(name, set()).add(label)
    found: list[str] = []
    for name in CATALOGUE:
        found.append(name)
        found += [f"{name}:{label}" for label in sorted(labels.get(name, ()))]
    return found
