"""What a machine is given to enrol: a token, and behind a dot the pin of the hub it may be shown to."""

from typing import Final

from chatops_wire import keys
from chatops_wire.pins import PREFIX, parse_pin

_SEPARATOR: Final = "."


def joined(token: str, pin: str = "") -> str:
    """Return token and pin as one word; without a pin an authority has to vouch for the hub."""
    return f"{token}{_SEPARATOR}{parse_pin(pin).hex()}" if pin else token


def parted(line: str) -> tuple[str, str]:
    """Return the token and the pin, empty where there is none.

    Raises:
        ValueError: It is no token of ours, was cut off, or mistyped. The text does not show it.
    """
    token, separator, pin = line.strip().partition(_SEPARATOR)
    if keys.parse(token, keys.ENROL_PREFIX) is None:
        raise ValueError("this is no enrolment token, or it was cut off or mistyped")
    return token, f"{PREFIX}{parse_pin(pin).hex()}" if separator else ""
