"""The alerts of a terminal: what is known, what is new, in which order, and what is marked on charts."""

from typing import Any

import pytest

from chatops_tui.alert_news import attention, critical, toast
from chatops_tui.store.alert_selectors import alerts, fired
from chatops_tui.store.alerts import KEPT_ALERTS, Alert, AlertCounted, AlertsAnswered, AlertsFailed, Standing
from chatops_tui.store.store import ALERTS, Store
from chatops_wire.client import AlertMessage, Fleet, FleetUpdate
from chatops_wire.rest import ServerView
from chatops_wire.rest_alerts import AlertContext, AlertView
from chatops_wire.times import format_ms


def view(alert_id: str = "a", **given: Any) -> AlertView:  # noqa: ANN401 - whichever fields matter
    made: dict[str, Any] = {
        "server_id": "s1",
        "threshold_id": "t1",
        "metric": "cpu.percent",
        "severity": "critical",
        "status": "firing",
        "value": 97.0,
        "threshold_value": 95.0,
        "comparison": "gt",
        "message": "hot",
        "started_at": format_ms(given.pop("at_ms", 1000)),
        "acknowledged_by": None,
        "resolved_at": None,
        "server_name": "db-01",
        "updated_at": format_ms(given.pop("updated_ms", 1000)),
    }
    return AlertView(id=alert_id, **{**made, **given})


@pytest.fixture
def store() -> Store:
    """A store that has been told that nothing is open."""
    store = Store()
    store.apply(AlertsAnswered((), whole_of="firing"), 0)
    store.take_dirty()
    return store


def tell(store: Store, *views: AlertView) -> None:
    for one in views:
        store.apply(AlertMessage(alert=one), 0)


def news(store: Store) -> list[str]:
    return [alert.id for alert in store.alerts.take_news()]


def test_a_message_is_drawn_at_once(store: Store) -> None:
    tell(store, view())
    assert store.is_urgent
    assert ALERTS in store.take_dirty()
    assert [one.id for one in store.alerts.all()] == ["a"]


def test_what_begins_to_fire_is_new_once(store: Store) -> None:
    tell(store, view(status="pending"))
    assert news(store) == []
    tell(store, view(status="firing", updated_ms=2000))
    assert news(store) == ["a"]
    tell(
        store,
        view(status="firing", value=98.0, updated_ms=3000),
        view(status="acknowledged", updated_ms=4000),
    )
    assert news(store) == []


def test_what_was_firing_before_anybody_looked_is_not_new() -> None:
    store = Store()
    store.apply(AlertsAnswered((view(),), whole_of="firing"), 0)
    assert news(store) == []


def test_what_began_while_the_link_was_down_is_new(store: Store) -> None:
    store.alerts.expect_answer()
    store.apply(AlertsAnswered((view(),), whole_of="firing"), 0)
    assert news(store) == ["a"]


@pytest.mark.parametrize("flags", [{"silenced": True}, {"muted": True}, {"status": "resolved"}])
def test_what_nobody_is_wanted_for_is_not_new(store: Store, flags: dict[str, Any]) -> None:
    tell(store, view(**flags))
    assert news(store) == []


def test_an_answer_that_a_message_has_overtaken_changes_nothing(store: Store) -> None:
    store.alerts.expect_answer()
    tell(store, view(status="acknowledged", updated_ms=2000))
    store.apply(AlertsAnswered((view(status="firing", updated_ms=1000),), whole_of="firing"), 0)
    found = store.alerts.get("a")
    assert found is not None
    assert found.view.status == "acknowledged"


def test_what_is_not_open_any_more_is_dropped_but_not_what_has_just_been_told(store: Store) -> None:
    tell(store, view("gone"), view("later", status="pending"))
    store.alerts.expect_answer()
    tell(store, view("new"))
    store.apply(AlertsAnswered((), whole_of="firing"), 0)
    assert {one.id for one in store.alerts.all()} == {"new", "later"}


def test_an_alert_without_a_time_is_left_out_of_an_answer_and_an_error_in_a_message(store: Store) -> None:
    store.apply(AlertsAnswered((view(started_at="soon"), view("b"))), 0)
    assert [one.id for one in store.alerts.all()] == ["b"]
    with pytest.raises(ValueError, match="soon"):
        tell(store, view(started_at="soon"))


def test_what_the_machine_was_doing_stays_though_later_messages_do_not_tell(store: Store) -> None:
    tell(store, view(context=AlertContext(log_source="x")), view(updated_ms=2000))
    found = store.alerts.get("a")
    assert found is not None
    assert found.view.context == AlertContext(log_source="x")


def test_a_failure_is_told_until_an_answer_comes(store: Store) -> None:
    store.apply(AlertsFailed("No."), 0)
    assert store.alerts.reason == "No."
    store.apply(AlertsAnswered(()), 0)
    assert store.alerts.reason == ""


def test_only_so_many_are_kept_and_the_oldest_that_have_ended_go_first(store: Store) -> None:
    tell(store, view("open", at_ms=1))
    tell(store, *(view(f"r{n}", status="resolved", at_ms=n + 10) for n in range(KEPT_ALERTS)))
    kept = {one.id for one in store.alerts.all()}
    assert len(kept) == KEPT_ALERTS
    assert "open" in kept
    assert "r0" not in kept


def test_those_of_a_server_go_with_it_and_all_with_the_user(store: Store) -> None:
    tell(store, view("a"), view("b", server_id="s2"))
    store.apply(Fleet(servers=(server("s1"), server("s2"))), 0)
    store.apply(FleetUpdate(servers=(), removed=("s1",)), 0)
    assert [one.id for one in store.alerts.all()] == ["b"]
    store.reset()
    assert store.alerts.all() == []
    assert not store.alerts.is_loaded


def test_a_still_picture_keeps_what_was_open(store: Store) -> None:
    tell(store, view())
    still = store.still(frozenset())
    tell(store, view(status="resolved", updated_ms=2000))
    found = still.alerts.get("a")
    assert found is not None
    assert found.is_open


def test_the_counts_are_of_those_nobody_looks_after(store: Store) -> None:
    tell(
        store,
        view("1"),
        view("2", severity="warning"),
        view("3", severity="info"),
        view("4", status="acknowledged"),
        view("5", silenced=True),
        view("6", status="pending"),
        view("7", status="resolved"),
    )
    assert store.alerts.counted() == AlertCounted(critical=1, warning=1, info=1, others=2)


def known(*views: AlertView) -> list[Alert]:
    store = Store()
    tell(store, *views)
    return store.alerts.all()


MANY = known(
    view("ended-early", status="resolved", resolved_at=format_ms(5000)),
    view("ended-late", status="resolved", severity="info", resolved_at=format_ms(9000)),
    view("pending", status="pending"),
    view("acked", status="acknowledged", acknowledged_by="maria"),
    view("silenced", silenced=True),
    view("info", severity="info", at_ms=9000),
    view("warning", severity="warning", at_ms=8000, labels=("env=prod",)),
    view("old", at_ms=1000),
    view("new", at_ms=2000, metric="disk.percent:/var"),
)


def test_what_wants_somebody_most_comes_first() -> None:
    ordered = [alert.id for alert in alerts(MANY, with_resolved=True)]
    assert ordered == [
        *("new", "old", "warning", "info", "silenced", "acked", "pending"),
        *("ended-late", "ended-early"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("severity:warn", {"warning"}),
        ("status:silenced", {"silenced"}),
        ("status:ack", {"acked"}),
        ("by:mar", {"acked"}),
        ("tag:prod", {"warning"}),
        ("disk", {"new"}),
        ("metric:disk.percent:/var", {"new"}),
        ("server:db severity:info", {"info"}),
        ("!severity:critical", {"warning", "info"}),
        ("value>96 disk", {"new"}),
    ],
)
def test_filters(text: str, expected: set[str]) -> None:
    assert {alert.id for alert in alerts(MANY, text, with_resolved=False)} == expected


def test_a_chart_is_marked_by_what_has_fired_on_its_metrics() -> None:
    found = known(
        view("cpu", metric="cpu.user"),
        view("disk", metric="disk.percent:/var"),
        view("never", status="pending"),
        view("was", status="resolved", at_ms=10, fired_at=format_ms(20)),
        view("not", status="resolved", at_ms=10),
    )
    assert [alert.id for alert in fired(found, ("cpu.", "load."))] == ["was", "cpu"]


def test_only_what_is_critical_and_steady_makes_a_sound() -> None:
    found = known(view("1"), view("2", severity="warning"), view("3", flapping=True))
    assert [alert.id for alert in critical(found)] == ["1"]


def test_a_toast_names_a_few() -> None:
    found = known(*(view(str(n), server_name=f"web-{n}\x1b]0;x\x07") for n in range(5)))
    assert toast(found).splitlines() == [
        "web-0: cpu.percent > 95%",
        "web-1: cpu.percent > 95%",
        "web-2: cpu.percent > 95%",
        "and 2 more: a shows them",
    ]


def test_what_goes_to_the_terminal_cannot_be_ended_by_remote_text() -> None:
    found = known(view(server_name="x\x07\x1b]52;c;aGk=\x07\x9c"))
    sent = attention(found, "desktop", "braille")
    assert sent.startswith("\x1b]9;ChatOps: ")
    assert sent.endswith("\a\a")
    assert not set(sent[4:-2]) & set("\x07\x1b\x9c")


def test_a_bell_rings_where_no_more_is_wished_or_understood() -> None:
    found = known(view())
    assert attention(found, "bell", "braille") == "\a"
    assert attention(found, "desktop", "block") == attention(found, "desktop", "ascii") == "\a"
    assert attention(found, "toast", "braille") == attention(found, "off", "braille") == ""
    assert attention([], "desktop", "braille") == ""


def test_standings() -> None:
    standings = {alert.id: alert.standing for alert in MANY}
    assert standings["silenced"] is Standing.QUIET
    assert standings["pending"] is Standing.PENDING


def server(server_id: str) -> ServerView:
    return ServerView(
        id=server_id, name=server_id, tags=(), status="never", last_seen=None, owner_id="u", capabilities=(),
        host=None, latest=None,
    )  # fmt: skip
