"""How far a pull has come, out of the lines an engine sends meanwhile. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chatops_agent.collectors.text import clean

_LONGEST_LINE: Final = 1024 * 1024
_TRANSFER: Final = "Downloading"


class PullLines:
    """Takes the bytes as they come; one JSON object a line."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes, content_type: str = "") -> list[Mapping[str, Any]]:
        """Return the objects that are complete now; what is none is skipped."""
        del content_type
        *lines, self._begun = (self._begun + data).split(b"\n")
        if len(self._begun) > _LONGEST_LINE:
            self._begun = b""
        return [said for line in lines if (said := _object(line)) is not None]


@dataclass
class PullProgress:
    """All layers together."""

    text: str = ""
    """The engine's newest words."""
    error: str = ""
    """Why it failed, if it did; the engine says so within an answer that began well."""
    _layers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, said: Mapping[str, Any]) -> None:
        """Take what the engine says next."""
        status, layer = clean(str(said.get("status") or "")), str(said.get("id") or "")
        if status:
            self.text = f"{clean(layer, 64)}: {status}" if layer else status
        if said.get("error"):
            self.error = str(said["error"])
        detail = said.get("progressDetail")
        if status == _TRANSFER and isinstance(detail, Mapping) and layer:
            current, total = detail.get("current"), detail.get("total")
            if isinstance(current, int) and isinstance(total, int):
                self._layers[layer] = (current, total)
        elif status.startswith(("Download complete", "Pull complete")) and layer in self._layers:
            total = self._layers[layer][1]
            self._layers[layer] = (total, total)

    @property
    def current(self) -> int | None:
        """Bytes that have come; None: no layer has told its size."""
        return sum(current for current, _ in self._layers.values()) if self._layers else None

    @property
    def total(self) -> int | None:
        """Bytes of the layers that have begun; it grows while others begin."""
        return sum(total for _, total in self._layers.values()) if self._layers else None


def _object(line: bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, Mapping) else None
