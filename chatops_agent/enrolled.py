"""What an agent that has enrolled knows of its hub: kept beside its key, so that `run` needs no flags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from chatops_agent.private_file import write_private
from chatops_wire.settings import SettingError

_NAME: Final = "hub.json"
_MAX_BYTES: Final = 65_536


class KnownHub(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The settings that enrolment found out."""

    url: tuple[str, ...]
    tls_pin: str = ""
    tls_ca: str = ""


def known_hub(data_dir: Path) -> Mapping[str, Any] | None:
    """Return the settings by name, None for a machine that has not enrolled.

    Raises:
        SettingError: The file is there and cannot be read.
    """
    path = data_dir / _NAME
    try:
        with path.open("rb") as file:
            known = msgspec.json.decode(file.read(_MAX_BYTES), type=KnownHub)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeError) as exc:
        raise SettingError(f"--data-dir: {str(path)!r} cannot be read: {exc}") from exc
    told = {"url": known.url, "tls_pin": known.tls_pin, "tls_ca": known.tls_ca}
    return {name: value for name, value in told.items() if value}


def keep_hub(data_dir: Path, hub: KnownHub) -> None:
    """Write it down.

    Raises:
        OSError: It could not be written.
    """
    write_private(data_dir / _NAME, msgspec.json.encode(hub))
