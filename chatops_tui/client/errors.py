"""Why a hub did not do what was asked: one tree, each with a sentence for a person."""

import msgspec

from chatops_wire.codes import ErrorCode


class HubError(Exception):
    """Base of all; `str()` is one sentence without a full stop.

    It may quote the hub, so it is remote text: neutralise before drawing.
    """


class HubUnreachableError(HubError):
    """No answer: the address, the network, TLS, or the time ran out."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot reach the hub at {url}: {reason}")
        self.url = url
        self.reason = reason


class HubAnswerError(HubError):
    """Something answered, but not as a hub of this version does."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} does not answer like a ChatOps hub: {reason}")
        self.url = url
        self.reason = reason


class LinkLostError(HubError):
    """The live connection ended before an answer came; whether the hub did it is not known."""

    def __init__(self, reason: str = "the connection to the hub broke") -> None:
        super().__init__(reason)
        self.reason = reason


class SignInNeededError(HubError):
    """There is no session, or the hub ended it: user name and password are needed again."""

    def __init__(self, reason: str = "you are not signed in") -> None:
        super().__init__(reason)
        self.reason = reason


class SigningError(HubError):
    """A key cannot be made, read or used, so nothing was asked of the hub."""


class Refusal(msgspec.Struct, frozen=True):
    """What the hub said: the parts of problem+json that count, and `Retry-After` where there was one."""

    status: int
    code: str
    detail: str
    retry_after_s: float | None = None


class HubRefusedError(HubError):
    """The hub understood and said no, or failed; each kind has its own class below."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(self.sentence(refusal))
        self.refusal = refusal

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.refusal.status

    @property
    def code(self) -> str:
        """One of ErrorCode, or a newer hub's own."""
        return self.refusal.code

    @property
    def detail(self) -> str:
        """The hub's explanation."""
        return self.refusal.detail

    @staticmethod
    def sentence(refusal: Refusal) -> str:
        """Return what a person reads."""
        return f"the hub refused: {refusal.detail or refusal.code}"


class InvalidRequestError(HubRefusedError):
    """400, 405, 413: what was sent is wrong; the detail names the field."""


class InvalidCredentialsError(HubRefusedError):
    """401 on login: unknown user, wrong password, or the account is closed."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:  # noqa: ARG004 - the hub tells nothing more, on purpose
        """Return what a person reads."""
        return "user name or password is wrong"


class OtpNeededError(HubRefusedError):
    """401 on login: the password is right, and this user needs a code of the second factor too."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:  # noqa: ARG004 - nothing depends on it
        """Return what a person reads."""
        return "a code of the second factor is needed"


class UnauthorizedError(HubRefusedError):
    """401 otherwise: the access token is not, or no longer, accepted."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:  # noqa: ARG004 - a person can only sign in again
        """Return what a person reads."""
        return "the session has ended, sign in again"


class ForbiddenError(HubRefusedError):
    """403: visible, but not allowed with this role."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:
        """Return what a person reads."""
        return f"not allowed: {refusal.detail or 'your role does not permit this'}"


class NotFoundError(HubRefusedError):
    """404: unknown, or not visible to this user."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:
        """Return what a person reads."""
        return f"not found: {refusal.detail or refusal.code}"


class ConflictError(HubRefusedError):
    """409: it is there already, or in use."""


class TooManyRequestsError(HubRefusedError):
    """429: wait `refusal.retry_after_s`."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:
        """Return what a person reads."""
        wait = "a minute" if refusal.retry_after_s is None else f"{refusal.retry_after_s:.0f} s"
        return f"too many attempts, try again in {wait}"


class HubFailedError(HubRefusedError):
    """5xx: the hub's own fault, or what it depends on is away."""

    @staticmethod
    def sentence(refusal: Refusal) -> str:
        """Return what a person reads."""
        return f"the hub failed ({refusal.status}): {refusal.detail or refusal.code}"


# What the live connection says by code alone; the rest is 400, as the hub's own map has it.
_STATUS_OF_CODE: dict[str, int] = {
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_ALLOWED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.AGENT_OFFLINE: 503,
    ErrorCode.AGENT_TIMEOUT: 504,
}

_BY_STATUS: dict[int, type[HubRefusedError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: TooManyRequestsError,
}


def refused(refusal: Refusal) -> HubRefusedError:
    """Return the error that stands for this refusal."""
    if refusal.code == ErrorCode.INVALID_CREDENTIALS:
        return InvalidCredentialsError(refusal)
    if refusal.code == ErrorCode.OTP_REQUIRED:
        return OtpNeededError(refusal)
    if refusal.status >= 500:  # noqa: PLR2004 - RFC 9110: server errors
        return HubFailedError(refusal)
    return _BY_STATUS.get(refusal.status, InvalidRequestError)(refusal)


def refused_by_code(code: str, message: str) -> HubRefusedError:
    """Return the error that stands for what the live connection refused."""
    return refused(Refusal(_STATUS_OF_CODE.get(code, 400), code, message))
