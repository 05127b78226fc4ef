"""The UI as a process of somebody who shows it to people elsewhere: `chatops web`, or a hub that speaks ssh.

`python -m chatops_tui.hosted [--tokens-fd=N] FLAG...`: the flags are those of `chatops`; the session is read
from a descriptor, or remembered in the folder that XDG_CONFIG_HOME names.
"""

import sys

from chatops_tui.arguments import parsed
from chatops_tui.config import hosted, load
from chatops_tui.ending import ASKED, Ending, ended_by
from chatops_tui.exit_code import ExitCode
from chatops_tui.launch import load_ui

_TOKENS = "--tokens-fd="


def main() -> int:
    """Run the UI until it is left and return the exit status."""
    words = sys.argv[1:]
    tokens_fd = int(words.pop(0).removeprefix(_TOKENS)) if words and words[0].startswith(_TOKENS) else None
    settings = hosted(load(vars(parsed(words))), tokens_fd)
    try:
        with ended_by(*ASKED):
            return load_ui(settings)(settings)
    except Ending:
        return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
