"""Where the log goes while the UI holds the screen: a file that stays small, or nowhere."""

import logging
import logging.handlers
from pathlib import Path
from typing import Final

FILE: Final = "ui.log"
# A UI stays open for weeks, and one bad server of a fleet may be worth a line each second.
_MOST_BYTES: Final = 1024 * 1024
_OLDER_FILES: Final = 1


def log_handler(folder: Path) -> logging.Handler:
    """Return what writes to `FILE` in this folder; where that cannot be, what drops everything."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / FILE, maxBytes=_MOST_BYTES, backupCount=_OLDER_FILES, encoding="utf-8"
        )
    except OSError:
        return logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
