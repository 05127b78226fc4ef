"""How many servers are how, and how much fires: as words, as marks, as numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.text import Text

from chatops_tui.commands.say import charset, drawn
from chatops_tui.config import Settings
from chatops_tui.render.charset import substitute
from chatops_tui.render.severity import Level, glyph, ink, level, worst
from chatops_tui.render.spans import Ink
from chatops_tui.store.vitals import read
from chatops_wire.rest import ServerView
from chatops_wire.rest_alerts import AlertView

_ALERT: Final = "⚑"
# Colours every tmux knows, by their meaning.
_TMUX: Final[dict[Ink, str]] = {"ok": "green", "warn": "yellow", "crit": "red", "off": "colour8"}


@dataclass(frozen=True, slots=True)
class Tally:
    """Servers by how they are; an online one counts once, by the worst of processor, memory and disk."""

    ok: int
    warn: int
    crit: int
    offline: int
    """Those that have never been online included."""
    firing: int
    """Alerts that fire and that nobody has acknowledged or silenced."""
    critical: int
    """Of these, the critical ones."""

    @property
    def servers(self) -> int:
        """All of them."""
        return self.ok + self.warn + self.crit + self.offline

    @property
    def is_well(self) -> bool:
        """Whether nobody need look: everything is online, nothing is critical, nothing critical fires."""
        return not (self.offline or self.crit or self.critical)

    def facts(self) -> dict[str, Any]:
        """Return it for a script."""
        return {**asdict(self), "well": self.is_well}


def tally(servers: Sequence[ServerView], alerts: Sequence[AlertView]) -> Tally:
    """Count what the hub told."""
    levels = [_level(server) for server in servers]
    loud = [alert for alert in alerts if alert.status == "firing" and not alert.silenced and not alert.muted]
    return Tally(
        ok=levels.count(Level.OK),
        warn=levels.count(Level.WARN),
        crit=levels.count(Level.CRIT),
        offline=levels.count(Level.OFF),
        firing=len(loud),
        critical=sum(alert.severity == "critical" for alert in loud),
    )


def tally_text(settings: Settings, counted: Tally, clock: str = "") -> Text:
    """Return a line of words; `clock` stands at its beginning."""
    text = drawn(settings, f"{clock}  " if clock else "", "muted")
    online = counted.servers - counted.offline
    text.append(drawn(settings, f"{online} of {counted.servers} servers online", "strong"))
    for amount, kind, words in (
        (counted.crit, Level.CRIT, "critical"),
        (counted.warn, Level.WARN, "warning"),
        (counted.offline, Level.OFF, "offline"),
    ):
        if amount:
            text.append(drawn(settings, f"   {glyph(kind)} {amount} {words}", ink(kind)))
    alerts = f"{counted.firing} {'alert fires' if counted.firing == 1 else 'alerts fire'}"
    loudness: Ink = "crit" if counted.critical else "warn" if counted.firing else "ok"
    critical = f" ({counted.critical} critical)" if counted.critical else ""
    text.append(drawn(settings, f"   {_ALERT} {alerts}{critical}", loudness))
    return text


def tally_line(settings: Settings, counted: Tally, *, for_tmux: bool) -> str:
    """Return marks and numbers, what is zero left out but for what is well."""
    pieces: list[tuple[str, Ink]] = [(f"{glyph(Level.OK)}{counted.ok}", "ok")]
    for amount, kind in (
        (counted.warn, Level.WARN),
        (counted.crit, Level.CRIT),
        (counted.offline, Level.OFF),
    ):
        if amount:
            pieces.append((f"{glyph(kind)}{amount}", ink(kind)))
    if counted.firing:
        pieces.append((f"{_ALERT}{counted.firing}", "crit" if counted.critical else "warn"))
    return " ".join(
        _coloured(substitute(text, charset(settings)), of, for_tmux=for_tmux) for text, of in pieces
    )


def unreachable_line(settings: Settings, *, for_tmux: bool) -> str:
    """Return what a status bar shows while nobody knows."""
    return _coloured(substitute(f"{glyph(Level.CRIT)} hub", charset(settings)), "crit", for_tmux=for_tmux)


def _coloured(text: str, of: Ink, *, for_tmux: bool) -> str:
    return f"#[fg={_TMUX[of]}]{text}#[default]" if for_tmux else text


def _level(server: ServerView) -> Level:
    if server.status != "online":
        return Level.OFF
    if server.latest is None:
        return Level.OK
    vitals = read(server.latest)
    return worst((Level.OK, *map(level, (vitals.cpu, vitals.memory, vitals.disk))))
