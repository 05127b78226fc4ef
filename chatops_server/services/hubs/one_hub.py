"""What of a hub other hubs on its database are concerned with."""

from collections.abc import Callable
from dataclasses import dataclass

from chatops_server.services.agent_actions import AgentActions
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.hubs.node import Node
from chatops_server.services.live import Live
from chatops_server.services.presence import Presence
from chatops_server.storage.base import Storage


@dataclass(frozen=True, slots=True)
class OneHub:
    """One hub, as living with others touches it."""

    storage: Storage
    node: Node
    live: Live
    presence: Presence
    actions: AgentActions
    patience: Patience
    now_ms: Callable[[], int]
    """Unix milliseconds."""
