"""Whose signature this machine asks for, where it asks for one (docs/security.md, "Signed requests").

Whoever owns the hub, its database or a user's token can then still ask, and nothing runs.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chatops_agent.policy import SIGNABLE, Signable
from chatops_agent.safe_file import read_safe
from chatops_wire.settings import SettingError
from chatops_wire.signing import (
    LONGEST_LIFETIME_S,
    SKEW_S,
    Action,
    Request,
    Signature,
    Terms,
    fingerprint,
    message_bytes,
    parse_public_line,
    sshsig_blob,
)
from chatops_wire.times import parse_ms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SKEW_MS: Final = int(SKEW_S * 1000)
_LONGEST_MS: Final = int(LONGEST_LIFETIME_S * 1000)
# Five minutes of more requests than this machine takes.
_MOST_NONCES: Final = 10_000
_NAME: Final = "--authorized-signers"


class Signers:
    """Public keys by fingerprint."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take the 32 bytes of each."""
        self._raw = dict(keys)
        self._keys: dict[str, Ed25519PublicKey] = {}

    def __len__(self) -> int:
        return len(self._raw)

    def has_signed(self, signer: str, blob: bytes, sig: bytes) -> bool:
        """Say whether the key of this fingerprint is known here and signed these bytes."""
        # Not above: ten megabytes that an agent without signers does not need.
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        raw = self._raw.get(signer)
        if raw is None:
            return False
        key = self._keys.get(signer)
        if key is None:
            key = self._keys[signer] = Ed25519PublicKey.from_public_bytes(raw)
        try:
            key.verify(sig, blob)
        except InvalidSignature:
            return False
        return True


def read_signers(*paths: str) -> Signers:
    """Return the keys of a file in the form of `authorized_keys` or `allowed_signers`.

    Of several files, the keys that stand in each.

    Raises:
        SettingError: One cannot be read, is somebody else's to write, or there is no ssh-ed25519 key.
    """
    keys = _keys(paths[0])
    for path in paths[1:]:
        others = _keys(path)
        keys = {name: key for name, key in keys.items() if name in others}
        if not keys:
            raise SettingError(f"{_NAME}: no key stands in both {paths[0]!r} and {path!r}")
    return Signers(keys)


def _keys(path: str) -> dict[str, bytes]:
    keys = {}
    for number, line in enumerate(read_safe(_NAME, path).splitlines(), 1):
        try:
            key = parse_public_line(line)
        except ValueError as exc:
            raise SettingError(f"{_NAME}: {path!r}, line {number}: no ssh-ed25519 key") from exc
        if key is not None:
            keys[fingerprint(key)] = key
    if not keys:
        raise SettingError(f"{_NAME}: {path!r} holds no ssh-ed25519 key")
    return keys


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is here, and when the agent began, both in Unix ms."""

    now_ms: Callable[[], int]
    started_ms: int


class SignatureGate:
    """Lets pass what a known key has signed for this machine, a moment ago and not before.

    What was signed before this agent began is refused, so that a restart forgets no nonce that is still good.
    """

    def __init__(
        self,
        signers: Signers | None,
        server_id: Callable[[], str],
        clock: Clock,
        kinds: frozenset[Signable] = frozenset(SIGNABLE),
    ) -> None:
        """Ask for no signature where `signers` is None.

        Args:
            signers: Whose signatures count.
            server_id: Who this machine is, as it was first told.
            clock: The time.
            kinds: What must be signed.
        """
        self._kinds = kinds if signers is not None else frozenset()
        self._signers = signers
        self._server_id = server_id
        self._clock = clock
        # Until when each is good, the oldest first.
        self._nonces: OrderedDict[str, int] = OrderedDict()

    @property
    def is_needed(self) -> bool:
        """Whether this machine asks for signatures."""
        return self._signers is not None

    def asks_for(self, *kinds: Signable) -> bool:
        """Say whether something that is of these kinds must be signed."""
        return not self._kinds.isdisjoint(kinds)

    def refusal(self, action: Action, params: Mapping[str, Any], signature: Signature | None) -> str | None:
        """Return why a request is refused; None lets it pass, once."""
        if self._signers is None:
            return None
        if signature is None:
            return "this machine does only what is signed by one of its authorized signers"
        now_ms = self._clock.now_ms()
        refusal = self._mistimed(signature, now_ms)
        if refusal is not None:
            return refusal
        request = Request(action, self._server_id(), params)
        terms = Terms(signature.nonce, signature.issued_at, signature.expires_at)
        blob = sshsig_blob(message_bytes(request, terms))
        if not self._signers.has_signed(signature.signer, blob, signature.sig):
            return "the signature is none of an authorized signer for this request to this machine"
        return self._used(signature, now_ms)

    def _mistimed(self, signature: Signature, now_ms: int) -> str | None:
        try:
            issued_ms, expires_ms = parse_ms(signature.issued_at), parse_ms(signature.expires_at)
        except ValueError:
            return "the signature's times are no RFC 3339 times"
        if not 0 < expires_ms - issued_ms <= _LONGEST_MS:
            return f"the signature is good for longer than {LONGEST_LIFETIME_S:g} s"
        if now_ms > expires_ms:
            return "the signature has expired (or the clocks differ)"
        if issued_ms > now_ms + _SKEW_MS:
            return "the signature is from the future (the clocks differ)"
        if issued_ms < self._clock.started_ms:
            return "the signature is older than this run of the agent: sign again"
        return None

    def _used(self, signature: Signature, now_ms: int) -> str | None:
        while self._nonces and next(iter(self._nonces.values())) < now_ms:
            self._nonces.popitem(last=False)
        if signature.nonce in self._nonces:
            return "the signature has been used"
        if len(self._nonces) >= _MOST_NONCES:
            return "too many signed requests within five minutes"
        # In the order of arrival, not of expiry: a nonce is kept at least as long as it is good.
        self._nonces[signature.nonce] = now_ms + _LONGEST_MS + _SKEW_MS
        return None


NO_GATE: Final = SignatureGate(None, str, Clock(int, 0))
"""Asks for no signature."""
