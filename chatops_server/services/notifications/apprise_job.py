"""What the hub and the process that runs Apprise say to each other."""

from msgspec import Struct


class AppriseJob(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message; `is_check` only asks whether the address can be used."""

    url: str
    title: str = ""
    body: str = ""
    severity: str = "info"
    is_check: bool = False


class AppriseDone(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of it."""

    is_delivered: bool
    error: str = ""
