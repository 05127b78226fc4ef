"""Second factors of users, and the codes for the day the phone is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatops_server.storage.base import Bulk, Script, execute, fetch_one


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One user's second factor; `secret` is sealed."""

    secret: str
    is_confirmed: bool


def factor_of(user_id: str) -> Script[FactorRow | None]:
    """Return a user's second factor."""
    row = yield from fetch_one("SELECT secret, confirmed_ms FROM second_factors WHERE user_id = $1", user_id)
    return FactorRow(str(row[0]), row[1] is not None) if row else None


def begin_factor(user_id: str, secret: str, now_ms: int) -> Script[bool]:
    """Store a secret that waits to be confirmed, in place of an older such; False if one is confirmed."""
    yield from execute("DELETE FROM second_factors WHERE user_id = $1 AND confirmed_ms IS NULL", user_id)
    if (yield from factor_of(user_id)) is not None:
        return False
    yield from execute(
        "INSERT INTO second_factors (user_id, secret, created_ms) VALUES ($1, $2, $3)",
        user_id,
        secret,
        now_ms,
    )
    return True


def confirm_factor(user_id: str, now_ms: int, recovery_hashes: Sequence[str]) -> Script[None]:
    """Ask for the factor from now on, and store the recovery codes' hashes."""
    yield from execute("UPDATE second_factors SET confirmed_ms = $2 WHERE user_id = $1", user_id, now_ms)
    yield from execute("DELETE FROM recovery_codes WHERE user_id = $1", user_id)
    yield Bulk(
        "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)",
        [(user_id, each) for each in recovery_hashes],
    )


def use_step(user_id: str, step: int) -> Script[bool]:
    """Take a time step's code; False if that or a later one has been taken."""
    taken = yield from execute(
        "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2", user_id, step
    )
    return taken == 1


def use_recovery(user_id: str, code_hash: str, now_ms: int) -> Script[bool]:
    """Take a recovery code; False if there is none such, or it has been taken."""
    taken = yield from execute(
        "UPDATE recovery_codes SET used_ms = $3 WHERE user_id = $1 AND hash = $2 AND used_ms IS NULL",
        user_id,
        code_hash,
        now_ms,
    )
    return taken == 1


def remove_factor(user_id: str) -> Script[bool]:
    """Ask for no second factor any more; False if none was asked for."""
    removed = yield from execute("DELETE FROM second_factors WHERE user_id = $1", user_id)
    return removed == 1
