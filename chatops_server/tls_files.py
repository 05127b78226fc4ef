"""Where the hub's own certificate and its key are kept (`chatops-server tls init`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = "tls"


@dataclass(frozen=True, slots=True)
class Pair:
    """Where certificate and key are."""

    cert: Path
    key: Path


def own_pair(data_dir: Path) -> Pair:
    """Return where the hub's own certificate is, or would be."""
    folder = data_dir / _FOLDER
    return Pair(folder / "cert.pem", folder / "key.pem")
