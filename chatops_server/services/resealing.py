"""Seals what the database holds of secrets anew, once the hub's secret is another one."""

import logging

from chatops_server.sealing import Sealer, UnsealError
from chatops_server.storage.base import Script, Storage, execute, fetch

log = logging.getLogger(__name__)


async def reseal(storage: Storage, sealer: Sealer) -> int:
    """Seal everything that was sealed with the previous secret with the present one; return how much.

    What neither opens is left alone, and told to the log.

    Raises:
        StorageError: Nothing was changed.
    """
    return await storage.write(_resealed(sealer))


def _resealed(sealer: Sealer) -> Script[int]:
    count = 0
    for row_id, sealed in (yield from fetch("SELECT id, sealed FROM channels")):
        fresh = _anew(sealer, str(sealed))
        if fresh is not None:
            count += yield from execute("UPDATE channels SET sealed = $2 WHERE id = $1", row_id, fresh)
    for user_id, sealed in (yield from fetch("SELECT user_id, secret FROM second_factors")):
        fresh = _anew(sealer, str(sealed))
        if fresh is not None:
            count += yield from execute(
                "UPDATE second_factors SET secret = $2 WHERE user_id = $1", user_id, fresh
            )
    return count


def _anew(sealer: Sealer, sealed: str) -> str | None:
    if sealer.is_current(sealed):
        return None
    try:
        return sealer.seal(sealer.unseal(sealed))
    except UnsealError:
        log.warning("a secret in the database is sealed with neither the present nor the previous secret")
        return None
