"""Runs the UI with a watch on its event loop; writes how long that stood still at most, in ms, to a file.

`python -m bench.ui_probe FILE [arguments of chatops]`; FILE is written anew each half second.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

from chatops_tui.arguments import parsed
from chatops_tui.config import load
from chatops_tui.launch import wishes
from chatops_tui.terminal import prepare

_STEP_S: Final = 0.01
_TELL_EVERY_S: Final = 0.5
# The first picture is made in one go; what matters is how it runs.
_SETTLE_S: Final = 4.0


def main() -> int:
    """Return the UI's exit status."""
    told = Path(sys.argv[1])
    settings = load(vars(parsed(sys.argv[2:])))
    prepare(wishes(settings))
    from chatops_tui import app  # noqa: PLC0415 - Textual, only after `prepare`

    def begin(self: app.ChatopsApp) -> None:
        self.run_worker(_watch(told), name="watch")

    # A class of our own would look for the style sheets beside this file.
    app.ChatopsApp.on_ready = begin  # type: ignore[attr-defined]
    return app.run(settings)


async def _watch(told: Path) -> None:
    await asyncio.sleep(_SETTLE_S)
    longest_s, next_s = 0.0, 0.0
    while True:
        at_s = time.monotonic()
        await asyncio.sleep(_STEP_S)
        longest_s = max(longest_s, time.monotonic() - at_s - _STEP_S)
        if time.monotonic() > next_s:
            next_s = time.monotonic() + _TELL_EVERY_S
            await asyncio.to_thread(told.write_text, f"{longest_s * 1000:.1f}")


if __name__ == "__main__":
    sys.exit(main())
