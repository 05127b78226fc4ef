"""What handlers find in the aiohttp application: the services, under typed keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from chatops_server.broker.fleet import Fleet
from chatops_server.services.accounts import Accounts
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.api_keys import ApiKeys
from chatops_server.services.commands.commands import Commands
from chatops_server.services.containers.assembly import ContainerServices
from chatops_server.services.enrolment import Enrolment
from chatops_server.services.events import Events
from chatops_server.services.exposition import Exposition
from chatops_server.services.grants import Grants
from chatops_server.services.history_queries import HistoryQueries
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.key_rotation import KeyRotation
from chatops_server.services.ledger import Ledger
from chatops_server.services.login_sessions import LoginSessions
from chatops_server.services.moments import Moments
from chatops_server.services.readiness import ReadinessChecks
from chatops_server.services.second_factor import SecondFactor
from chatops_server.services.servers import Servers
from chatops_server.services.ssh_keys import SshKeys
from chatops_server.services.terminals.logbook import Logbook
from chatops_server.services.users import Users


@dataclass(frozen=True, slots=True)
class Hub:
    """The services behind the REST interface."""

    accounts: Accounts
    login_sessions: LoginSessions
    second_factor: SecondFactor
    ssh_keys: SshKeys
    users: Users
    servers: Servers
    grants: Grants
    api_keys: ApiKeys
    key_rotation: KeyRotation
    enrolment: Enrolment
    history: HistoryQueries
    moments: Moments
    commands: Commands
    terminals: Logbook
    containers: ContainerServices
    alerting: Alerting
    events: Events
    ledger: Ledger
    keeping: KeepingTerms
    readiness: ReadinessChecks
    exposition: Exposition
    fleet: Fleet
    now_ms: Callable[[], int]


HUB: Final = web.AppKey("hub", Hub)
