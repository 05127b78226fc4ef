"""How long commands are kept, and how much of their output."""

from typing import Final

from chatops_server.storage.base import Storage
from chatops_server.storage.sql.command_output import drop_output, oldest_outputs, output_bytes
from chatops_server.storage.sql.commands import drop_commands_before

# One script holds the writer: output of 16 MiB frees thousands of pages.
_COMMANDS_AT_ONCE: Final = 20
_OUTPUTS_AT_ONCE: Final = 100


async def drop_commands(storage: Storage, before_ms: int, most_output_bytes: int) -> None:
    """Drop commands made before then, and the oldest output beyond a size (compressed), in short steps.

    Raises:
        StorageError: The database does not answer.
    """
    while await storage.write(drop_commands_before(before_ms, _COMMANDS_AT_ONCE)):
        pass
    excess = await storage.read(output_bytes()) - most_output_bytes
    while excess > 0:
        oldest = await storage.read(oldest_outputs(_OUTPUTS_AT_ONCE))
        if not oldest:
            return
        for output in oldest:
            if excess <= 0:
                return
            await storage.write(drop_output(output.command_num))
            excess -= output.stored_bytes
