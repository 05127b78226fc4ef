"""Numbers of the protocol, within what databases and clients can hold."""

from typing import Annotated

from msgspec import Meta

# SQLite and PostgreSQL hold signed 64-bit integers.
Sequence = Annotated[int, Meta(ge=1, le=2**63 - 1)]
# JSON knows no bounds: a number of a thousand digits cannot be added to a float, nor drawn by any client.
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# Agents in other languages write 8e9 for a whole number.
Bytes = Whole | float
