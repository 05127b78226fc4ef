"""Numbers and texts of the protocol, within what databases and clients can hold.

Those marked CLAMP are what a machine says of itself: beyond their bounds they are cut (chatops_wire.bounds),
not refused.
"""

from typing import Annotated, Final

from msgspec import Meta

CLAMP: Final = "clamp"
_CUT: Final = {CLAMP: True}

# SQLite and PostgreSQL hold signed 64-bit integers.
_MOST: Final = 2**63 - 1
Sequence = Annotated[int, Meta(ge=1, le=_MOST)]
# JSON knows no bounds: a number of a thousand digits cannot be added to a float, nor drawn by any client.
Whole = Annotated[int, Meta(ge=-_MOST - 1, le=_MOST, extra=_CUT)]
Count = Annotated[int, Meta(ge=0, le=_MOST, extra=_CUT)]
# Agents in other languages write 8e9 for a whole number. The largest fraction below 2**63.
Bytes = Count | Annotated[float, Meta(ge=0, le=2.0**63 - 1024, extra=_CUT)]
# Of one core, so that a process of a machine of 10,000 cores fits; a counter that ran backwards is none.
Percent = Annotated[float, Meta(ge=0, le=1e6, extra=_CUT)]
Load = Annotated[float, Meta(ge=0, le=1e6, extra=_CUT)]
# A petabyte a second; likewise.
Rate = Annotated[float, Meta(ge=0, le=1e15, extra=_CUT)]
Celsius = Annotated[float, Meta(ge=-274, le=1e5, extra=_CUT)]
# Three thousand years.
Seconds = Annotated[float, Meta(ge=0, le=1e11, extra=_CUT)]
# A path may have 4096 bytes, but no label of a metric needs them: they are stored with every series.
MOST_NAME: Final = 256
# Facts of a machine are sent to every client with each list of servers.
MOST_FACT: Final = 200
Fact = Annotated[str, Meta(max_length=MOST_FACT, extra=_CUT)]
# SQLite and PostgreSQL are fine with more, JSON readers in other languages are not.
FactNumber = Annotated[int, Meta(ge=0, le=2**53, extra=_CUT)]
Name = Annotated[str, Meta(max_length=MOST_NAME, extra=_CUT)]
MOST_TEXT: Final = 4_096
Text = Annotated[str, Meta(max_length=MOST_TEXT, extra=_CUT)]


def at_most(items: int) -> Meta:
    """Return the bound of a list of which the rest is cut."""
    return Meta(max_length=items, extra=_CUT)
