"""The process behind one window of a browser: the UI, drawn by Textual's driver for the web."""

import sys

from chatops_tui.arguments import parsed
from chatops_tui.config import load
from chatops_tui.ending import ASKED, Ending, ended_by
from chatops_tui.exit_code import ExitCode
from chatops_tui.launch import load_ui


def main() -> int:
    """Run the UI until its window is closed and return the exit status."""
    settings = load(vars(parsed(sys.argv[1:])))
    try:
        with ended_by(*ASKED):
            return load_ui(settings)(settings)
    except Ending:
        return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
