"""The hub's error tree. Each class names its code; web/ maps codes to statuses and frames, once.

ChatopsError
├── InvalidRequestError       malformed or invalid; names the field
├── TooLargeError             the body is larger than what its path takes
├── CredentialsError          wrong user name or password, inactive user
├── OtpRequiredError          the password is right, a second step is needed
├── TokenError                no, bad, expired or reused token
├── ForbiddenError            visible, but not yours to do
├── NotAllowedError           the machine's own agent does not allow it
├── NotFoundError             unknown, or not visible to you
├── UnknownTopicError         a subscription to what this hub does not offer
├── NoMetricsError            the server never sent a sample
├── ConflictError             the state does not allow it
├── AllToldError              no fault: a log that is not to be followed has been told
├── TooManyRequestsError      try again after `retry_after_s`
├── AgentOfflineError         the server's agent is not connected
├── AgentTimeoutError         the server's agent did not answer in time
├── DockerUnavailableError    no Docker there, or none that is reached
├── HubUnreachableError       another hub sees to it, and is not reached
└── StorageError              the database did not answer; ours, retried by whoever can
"""

from chatops_wire.codes import ErrorCode


class ChatopsError(Exception):
    """Base of all; `code` and `detail` are what the peer may see."""

    code: ErrorCode = ErrorCode.INTERNAL

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequestError(ChatopsError):
    """The request itself is wrong; the detail names the field."""

    code = ErrorCode.INVALID_REQUEST


class TooLargeError(ChatopsError):
    """The body is larger than what its path takes; the detail says how much that is."""

    code = ErrorCode.TOO_LARGE


class CredentialsError(ChatopsError):
    """The same answer for an unknown user, a wrong password and an inactive account."""

    code = ErrorCode.INVALID_CREDENTIALS

    def __init__(self) -> None:
        super().__init__("wrong user name or password")


class OtpRequiredError(ChatopsError):
    """The password is right, and this user also needs a code."""

    code = ErrorCode.OTP_REQUIRED

    def __init__(self) -> None:
        super().__init__("this login needs a code of the second factor: send it as otp")


class TokenError(ChatopsError):
    """No usable token."""

    code = ErrorCode.UNAUTHORIZED

    def __init__(self, detail: str, code: ErrorCode = ErrorCode.UNAUTHORIZED) -> None:
        super().__init__(detail)
        self.code = code


class ForbiddenError(ChatopsError):
    """Seen, but not to be done by this user."""

    code = ErrorCode.FORBIDDEN


class NotAllowedError(ChatopsError):
    """Refused by the agent, whatever the user's role."""

    code = ErrorCode.NOT_ALLOWED


class NotFoundError(ChatopsError):
    """Unknown, or invisible to this user: the two are not told apart."""

    code = ErrorCode.NOT_FOUND


class UnknownTopicError(ChatopsError):
    """No such topic here."""

    code = ErrorCode.UNKNOWN_TOPIC


class NoMetricsError(ChatopsError):
    """The server exists but never sent a sample."""

    code = ErrorCode.NO_METRICS


class ConflictError(ChatopsError):
    """The present state does not allow it, for instance a name that is taken."""

    code = ErrorCode.CONFLICT


class AllToldError(ChatopsError):
    """Nothing more comes, as was asked for."""

    code = ErrorCode.ENDED

    def __init__(self) -> None:
        super().__init__("that is all there is")


class TooManyRequestsError(ChatopsError):
    """A limit was reached."""

    code = ErrorCode.TOO_MANY_REQUESTS

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class AgentOfflineError(ChatopsError):
    """Nobody is there to do it."""

    code = ErrorCode.AGENT_OFFLINE

    def __init__(self) -> None:
        super().__init__("the server's agent is not connected")


class AgentTimeoutError(ChatopsError):
    """It may or may not have been done."""

    code = ErrorCode.AGENT_TIMEOUT


class DockerUnavailableError(ChatopsError):
    """Nothing can be done with containers there."""

    code = ErrorCode.DOCKER_UNAVAILABLE


class HubUnreachableError(ChatopsError):
    """Another hub sees to it, and does not answer; soon it does, or one of the others has taken over."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("the hub that sees to this command does not answer: try again in a moment")


class StorageError(ChatopsError):
    """The database cannot do it now (full, locked, gone); `reason` is for the log, not for peers."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__("storage is unavailable")
        self.reason = reason
