"""The versions both ends of a connection tell each other."""

from typing import Final

# Raised only when an old peer could no longer understand the frames; new fields and types do not count.
PROTOCOL: Final = 1

# Kept equal to pyproject.toml by tests/architecture.
VERSION: Final = "0.1.0"
