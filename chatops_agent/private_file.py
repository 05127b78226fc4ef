"""Files that only their owner may read, whole or not there at all, whatever stops the machine."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes, *, owner_of: Path | None = None) -> None:
    """Replace a file by one of mode 0600, and return when it is on disk.

    Args:
        path: The file; its folder is made where it is missing.
        content: All of it.
        owner_of: A file whose owner the new one gets, where we may give it away.

    Raises:
        OSError: It could not be written; the one before is untouched.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner_of is not None:
                there = owner_of.stat()
                if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
