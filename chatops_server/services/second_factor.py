"""The second step of a login: a code that changes every 30 s (TOTP, RFC 6238), or a recovery code."""

import hmac
import re
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import pyotp

from chatops_server.domain.permissions import Principal
from chatops_server.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    OtpRequiredError,
    StorageError,
)
from chatops_server.sealing import Sealer, UnsealError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.second_factors import (
    begin_factor,
    confirm_factor,
    factor_of,
    remove_factor,
    use_recovery,
    use_step,
)
from chatops_wire.rest import RecoveryCodes, TotpBegun

_STEP_S: Final = 30
# One step to each side: phones are late, and people type slowly.
_SKEW_STEPS: Final = 1
_ISSUER: Final = "ChatOps"
_RECOVERY_CODES: Final = 10
# 60 bits: not to be guessed at 20 tries a minute, short enough to be copied by hand.
_RECOVERY_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_CHARS: Final = 12
_CODE: Final = re.compile(r"\d{6}", re.ASCII)


class SecondStep:
    """Asks for the code at a login, and knows the right one."""

    def __init__(self, storage: Storage, sealer: Sealer, now_ms: Callable[[], int]) -> None:
        self.storage = storage
        self.sealer = sealer
        self.now_ms = now_ms

    async def passes(self, user_id: str, code: str | None) -> bool:
        """Say whether a login with the right password may go on; a code is used up by it.

        Raises:
            OtpRequiredError: A code is needed and none was given.
            StorageError: The factor cannot be read.
        """
        row = await self.storage.read(factor_of(user_id))
        if row is None or not row.is_confirmed:
            return True
        if not code:
            raise OtpRequiredError
        if await self.is_code(user_id, row.secret, code):
            return True
        return await self.storage.write(use_recovery(user_id, _hash(code), self.now_ms()))

    async def is_code(self, user_id: str, sealed: str, code: str) -> bool:
        """Say whether it is the code of this moment, and has not been used.

        Raises:
            StorageError: The secret cannot be read.
        """
        if not _CODE.fullmatch(code):
            return False
        try:
            totp = pyotp.TOTP(self.sealer.unseal(sealed), interval=_STEP_S)
        except UnsealError as exc:
            # Nobody is let in by the password alone because the key of the second factor is gone.
            raise StorageError("a second factor is sealed with another secret of the hub") from exc
        now_step = self.now_ms() // 1000 // _STEP_S
        for step in range(now_step - _SKEW_STEPS, now_step + _SKEW_STEPS + 1):
            if hmac.compare_digest(totp.generate_otp(step), code):
                return await self.storage.write(use_step(user_id, step))
        return False


class SecondFactor:
    """Sets second factors up and removes them."""

    def __init__(self, step: SecondStep, ledger: Ledger, directory: UserDirectory) -> None:
        self._step = step
        self._storage = step.storage
        self._ledger = ledger
        self._directory = directory

    async def begin(self, principal: Principal, caller: Caller) -> TotpBegun:
        """Make a secret; nothing is asked for before a first code of it is confirmed.

        Raises:
            ConflictError: There is one already.
        """
        secret = pyotp.random_base32()
        deed = Deed("totp.begin", caller, target=principal.username)
        change = begin_factor(principal.user_id, self._step.sealer.seal(secret), self._step.now_ms())
        if not await self._ledger.commit(change, deed):
            raise ConflictError("a second factor is set up already; remove it first")
        uri = pyotp.TOTP(secret).provisioning_uri(name=principal.username, issuer_name=_ISSUER)
        return TotpBegun(secret=secret, uri=uri)

    async def confirm(self, principal: Principal, code: str, caller: Caller) -> RecoveryCodes:
        """Ask for the factor from now on; return the codes for the day it is lost, shown this once.

        Raises:
            NotFoundError: Nothing was begun.
            ConflictError: It is asked for already.
            InvalidRequestError: The code is not that of this moment.
        """
        row = await self._storage.read(factor_of(principal.user_id))
        if row is None:
            raise NotFoundError("no second factor was begun")
        if row.is_confirmed:
            raise ConflictError("the second factor is asked for already")
        if not await self._step.is_code(principal.user_id, row.secret, code):
            raise InvalidRequestError("code: it is not the code of this moment")
        codes = tuple(_new_recovery_code() for _ in range(_RECOVERY_CODES))
        deed = Deed("totp.confirm", caller, target=principal.username)
        hashes = [_hash(each) for each in codes]
        await self._ledger.commit(confirm_factor(principal.user_id, self._step.now_ms(), hashes), deed)
        return RecoveryCodes(recovery_codes=codes)

    async def remove(self, principal: Principal, code: str, caller: Caller) -> None:
        """Ask the user for no second factor any more.

        Raises:
            NotFoundError: None is asked for.
            InvalidRequestError: The code is wrong.
        """
        if await self._storage.read(factor_of(principal.user_id)) is None:
            raise NotFoundError("no second factor is set up")
        if not await self._step.passes(principal.user_id, code or " "):
            raise InvalidRequestError("code: neither the code of this moment nor an unused recovery code")
        await self._removed(principal.user_id, principal.username, caller)

    async def remove_of(self, user_id: str, caller: Caller) -> None:
        """Ask another user for no second factor any more, who lost theirs.

        Raises:
            NotFoundError: No such user, or none is asked for.
        """
        user = self._directory.get(user_id)
        if user is None:
            raise NotFoundError("no such user")
        await self._removed(user_id, user.username, caller)

    async def _removed(self, user_id: str, username: str, caller: Caller) -> None:
        if await self._storage.read(factor_of(user_id)) is None:
            raise NotFoundError("no second factor is set up")
        await self._ledger.commit(remove_factor(user_id), Deed("totp.remove", caller, target=username))


def _new_recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_CHARS))
    return "-".join(letters[at : at + 4] for at in range(0, _RECOVERY_CHARS, 4))


def _hash(code: str) -> str:
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
