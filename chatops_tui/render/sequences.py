"""The shape of what a program sends to a terminal besides text: controls and escape sequences (ECMA-48)."""

import re
from typing import Final

# A sequence of a real program is far shorter.
LONGEST: Final = 256

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# A control sequence; a string that goes on to its terminator; a two-character escape.
SEQUENCE: Final = re.compile(
    r"\x1b(?:\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|(?P<string>[\]PX^_])"
    r"|(?P<short>[ -/]*[0-Z\\`-~]))"
)
UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z")
# Also at the end of a line: a string that nobody ended hides the rest of its line, not of the output. CAN and
# SUB abort one, and so does ESC, whose sequence then counts.
STRING_END: Final = re.compile(r"\x1b\\|[\x07\x18\x1a\x9c]|(?=\n)|(?=\x1b[^\\])")
