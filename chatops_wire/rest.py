"""Bodies and answers of the REST interface; the OpenAPI document is generated from these types."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from chatops_wire.agent import AgentInfo
from chatops_wire.policy import PolicyPatch, PolicySummary
from chatops_wire.rest_docker import Availability
from chatops_wire.samples import Cpu, Disk, Memory, Network, Sample, Temperature

T = TypeVar("T")

Role = Literal["viewer", "operator", "admin"]
GrantRole = Literal["viewer", "operator"]
ServerStatus = Literal["online", "offline", "never"]
# Printable and free of separators, since names stand in URLs, selectors and log lines.
UserName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*\Z")]
Password = Annotated[str, Meta(min_length=8, max_length=1024)]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^\S(.*\S)?\Z")]
Tag = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:=/-]*\Z")]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=32)]


class Problem(Struct, frozen=True, kw_only=True):
    """An error: RFC 9457 with our `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, null at the end."""

    items: tuple[T, ...]
    next: str | None = None


class Login(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """User name and password."""

    username: Annotated[str, Meta(max_length=256)]
    password: Annotated[str, Meta(max_length=1024)]
    otp: Annotated[str, Meta(max_length=64)] | None = None
    """The code of the second factor, for users that have one; or a recovery code."""


class PasswordProof(Struct, frozen=True, kw_only=True):
    """The own password once more, so that a token that was left lying about is not enough."""

    password: Annotated[str, Meta(max_length=1024)]


class OtpCode(Struct, frozen=True, kw_only=True):
    """A code of the second factor."""

    code: Annotated[str, Meta(max_length=64)]


class TotpBegun(Struct, frozen=True, kw_only=True):
    """A second factor that waits for its first code: for an authenticator app."""

    secret: str
    """Base32."""
    uri: str
    """otpauth://, as apps read it from a QR code."""


class RecoveryCodes(Struct, frozen=True, kw_only=True):
    """Each stands for one code of the second factor, once; never shown again."""

    recovery_codes: tuple[str, ...]


class RefreshToken(Struct, frozen=True, kw_only=True):
    """A refresh token, for a new pair or to log out."""

    refresh_token: Annotated[str, Meta(max_length=512)]


class Tokens(Struct, frozen=True, kw_only=True):
    """An access token (30 min) and the refresh token that follows it up once."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int = 1800


class LoginSessionView(Struct, frozen=True, kw_only=True):
    """One login and all that followed from it."""

    id: str
    created_at: str
    last_used_at: str
    """When it was last refreshed, or begun."""
    expires_at: str
    address: str | None
    """Where it was last refreshed from."""
    program: str
    """What asked, in its own words (User-Agent)."""
    current: bool
    """Whether this question came from it."""


class PasswordChange(Struct, frozen=True, kw_only=True):
    """Both passwords; every refresh token of the user dies."""

    current_password: Annotated[str, Meta(max_length=1024)]
    new_password: Password


class UserView(Struct, frozen=True, kw_only=True):
    """A user as `/auth/me` tells it."""

    id: str
    username: str
    role: Role


class UserDetail(UserView, frozen=True, kw_only=True):
    """A user as admins see it."""

    active: bool
    created_at: str


class UserCreate(Struct, frozen=True, kw_only=True):
    """A new user."""

    username: UserName
    password: Password
    role: Role
    active: bool = True


class UserPatch(Struct, frozen=True, kw_only=True):
    """What is absent stays as it is."""

    username: UserName | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class LatestView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest sample without its long lists (processes, containers)."""

    seq: int | None = None
    timestamp: str
    cpu: Cpu
    memory: Memory
    disks: tuple[Disk, ...] = ()
    networks: tuple[Network, ...] = ()
    temperatures: tuple[Temperature, ...] = ()
    process_count: int | None = None
    uptime_s: float | None = None


class ServerView(Struct, frozen=True, kw_only=True):
    """A monitored machine."""

    id: str
    name: str
    tags: tuple[str, ...]
    status: ServerStatus
    last_seen: str | None
    owner_id: str
    capabilities: tuple[str, ...]
    host: AgentInfo | None
    latest: LatestView | None
    interval_s: float | None = None
    """Seconds between the agent's samples where the hub set it, else null."""
    created_at: str = ""
    role: Role = "viewer"
    """What the asking user may do on it: viewer, operator, or admin (full rights)."""
    clock_ahead_ms: int | None = None
    """By how much its clock is ahead of the hub's, negative: behind; null while that is not known."""
    docker: Availability | None = None
    """What its agent last said of a container engine; null before the first sample."""
    docker_reason: str = ""
    """Why that does not answer, where the agent says so."""
    policy: PolicySummary | None = None
    """What its machine allows, in short, and to what the hub has narrowed it."""
    cpu_recent: tuple[int, ...] | UnsetType = UNSET
    """CPU percent, the last points of 10 s, oldest first; only in lists and the first `fleet` frame."""


class ServerCreate(Struct, frozen=True, kw_only=True):
    """A new machine; its key is made apart (`POST /api-keys`)."""

    name: Name
    tags: Tags = ()


class ServerPatch(Struct, frozen=True, kw_only=True):
    """What is absent stays as it is."""

    name: Name | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    policy: PolicyPatch | UnsetType = UNSET


class GrantBody(Struct, frozen=True, kw_only=True):
    """What another user may do on this server."""

    role: GrantRole


class GrantView(Struct, frozen=True, kw_only=True):
    """A user's right on one server."""

    server_id: str
    user_id: str
    username: str
    role: GrantRole
    created_at: str


Lifetime = Annotated[int, Meta(ge=60, le=10 * 365 * 86_400)]
"""Seconds until something ends: a minute to ten years."""
Rotation = Literal["waiting", "offered", "next"]


class ApiKeyCreate(Struct, frozen=True, kw_only=True):
    """A new key for one server's agent."""

    server_id: str
    name: Annotated[str, Meta(max_length=128)] = ""
    expires_in_s: Lifetime | None = None
    """Seconds until it ends by itself; null: never."""
    auto_rotate: bool = False
    """Whether the hub gives the agent the next key by itself, in the last quarter of its life."""


class ApiKeyView(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    server_id: str
    name: str
    prefix: str
    created_at: str
    last_used_at: str | None
    active: bool
    """Whether an agent that comes with it is let in: neither revoked nor expired."""
    expires_at: str | None = None
    revoked_at: str | None = None
    auto_rotate: bool = False
    rotation: Rotation | None = None
    """`waiting`: a next key was asked for and its agent is not there; `offered`: the agent was sent it;
    `next`: this is that key, and its agent has not used it yet."""
    replaces: str | None = None
    """The id of the key it follows."""
    in_use: bool = False
    """Whether an agent is connected with it now."""


class ApiKeyCreated(ApiKeyView, frozen=True, kw_only=True):
    """The only time the key itself is shown."""

    key: str


class MetricsView(Sample, frozen=True, kw_only=True, omit_defaults=True):
    """The latest sample, whole."""

    server_id: str


Point = tuple[int, float, float, float]


class Series(Struct, frozen=True, kw_only=True):
    """One metric; points are `[ts_ms, avg, min, max]`, ascending, and a gap has none."""

    metric: str
    unit: str
    points: tuple[Point, ...]


class History(Struct, frozen=True, kw_only=True):
    """Series over one range; `step_s` is the width of a bucket, or the spacing of single samples."""

    server_id: str
    start: str
    end: str
    step_s: float
    tier: str
    series: tuple[Series, ...]


class GapView(Struct, frozen=True, kw_only=True):
    """Sequences an agent declared lost, both ends included; `ts` is when it did."""

    from_seq: int
    to_seq: int
    reason: str
    ts: str


class MisdatedView(Struct, frozen=True, kw_only=True):
    """Samples that are stored by their arrival, `first` to `last`: their clock was `ahead_s` ahead."""

    from_seq: int
    to_seq: int
    first: str
    last: str
    ahead_s: float


class Coverage(Struct, frozen=True, kw_only=True):
    """How much of what an agent numbered is stored; `percent` is null where it numbered nothing."""

    server_id: str
    start: str
    end: str
    percent: float | None
    samples: int
    lost: int
    gaps: tuple[GapView, ...]
    misdated: tuple[MisdatedView, ...] = ()


class EventView(Struct, frozen=True, kw_only=True):
    """One entry of the timeline."""

    id: str
    ts: str
    kind: str
    server_id: str | None
    user_id: str | None
    message: str
    data: dict[str, Any]


class AuditView(Struct, frozen=True, kw_only=True):
    """One entry of the audit log; `hash` covers the entry and `prev_hash`."""

    id: str
    ts: str
    user_id: str | None
    action: str
    target: str | None
    server_id: str | None
    result: str
    address: str | None
    data: dict[str, Any]
    prev_hash: str
    hash: str


class Readiness(Struct, frozen=True, kw_only=True):
    """`checks` names each part and says `ok` or what is wrong."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]
