"""Thresholds, silences and channels as somebody types them, and a file of thresholds against the hub's."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, structs

from chatops_tui.store import channel_texts, threshold_plan
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.silence_texts import ENDLESS, silence_of
from chatops_tui.store.targets import target, target_text
from chatops_tui.store.threshold_texts import (
    Part,
    WrongPartError,
    changed_fields,
    difference,
    sentence,
    texts_of,
    threshold,
)
from chatops_wire.rest_alerts import ChannelView, ThresholdCreate, ThresholdView

NAMES = {"id1": "db-01", "id2": "web-01", "id3": "twin", "id4": "twin"}
FULL: dict[Part, str] = {
    "name": "disk",
    "when": "disk.percent:/var > 90",
    "on": "tag:web",
    "for": "5m",
    "clear": "85",
    "keep_firing": "2m",
    "window": "avg 1m",
    "no_data": "10m",
    "severity": "crit",
    "runbook": "look",
}


def typed(texts: dict[Part, str]) -> ThresholdCreate:
    return threshold(texts, lambda text: target(text, NAMES))


def view(made: ThresholdCreate, **given: Any) -> ThresholdView:  # noqa: ANN401 - whichever fields matter
    own = {"id": "t1", "owner_id": "u1", "created_at": "", "updated_at": "", "may_change": True}
    return ThresholdView(**{**structs.asdict(made), **own, **given})


def test_every_part_of_a_threshold() -> None:
    assert typed(FULL) == ThresholdCreate(
        metric="disk.percent:/var",
        comparison="gt",
        value=90.0,
        for_s=300.0,
        clear_value=85.0,
        severity="critical",
        name="disk",
        select="tag:web",
        window_s=60.0,
        aggregation="avg",
        keep_firing_s=120.0,
        no_data_s=600.0,
        runbook="look",
    )


def test_what_is_not_typed_is_not_asked_for() -> None:
    assert typed({"when": "load.1 > 8"}) == ThresholdCreate(
        metric="load.1", comparison="gt", value=8.0, severity="warning"
    )


@given(
    st.builds(
        ThresholdCreate,
        metric=st.sampled_from(["cpu.percent", "net.rx_bps:eth0", "server.up", "uptime.s"]),
        comparison=st.sampled_from(["gt", "lte", "ne"]),
        value=st.floats(0, 1e9),
        for_s=st.integers(0, 86_400).map(float),
        clear_value=st.none() | st.floats(0, 1e9),
        severity=st.sampled_from(["info", "warning", "critical"]),
        select=st.sampled_from(["", "tag:web", "db-* !tag:x"]),
        keep_firing_s=st.integers(0, 86_400).map(float),
        no_data_s=st.integers(0, 86_400).map(float),
    )
)
def test_a_threshold_that_is_shown_is_typed_the_same(made: ThresholdCreate) -> None:
    assert typed(texts_of(made, "")) == made


def test_the_server_of_a_threshold_is_shown_by_its_name() -> None:
    made = typed({"when": "load.1 > 8", "on": "db-01"})
    assert made.server_id == "id1"
    assert typed(texts_of(made, "db-01")) == made


@pytest.mark.parametrize(
    ("part", "text", "said"),
    [
        ("when", "cpu", "condition: "),
        ("for", "soon", "for: "),
        ("for", "2d", "for: at most 1d"),
        ("window", "avg 2h", "window: at most 1h"),
        ("clear", "low", "ends at: "),
        ("severity", "bad", "severity: "),
        ("keep_firing", "x", "ends after: "),
        ("no_data", "x", "no data: "),
    ],
)
def test_a_part_that_is_wrong_is_named(part: Part, text: str, said: str) -> None:
    with pytest.raises(WrongPartError) as caught:
        typed({**FULL, part: text})
    assert str(caught.value).startswith(said)
    assert caught.value.part == part


def test_only_what_differs_is_changed() -> None:
    before = view(typed(FULL))
    patch = difference(before, structs.replace(typed(FULL), clear_value=None, for_s=60.0))
    assert changed_fields(patch) == {"clear_value": None, "for_s": 60.0}
    assert changed_fields(difference(before, typed(FULL))) == {}


def test_a_threshold_in_one_line() -> None:
    assert sentence(typed(FULL)) == (
        "avg 1m of disk.percent:/var > 90% for 5m, ends at 85%, after 2m, or no data for 10m"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (None, "")),
        ("all", (None, "")),
        ("db-01", ("id1", "")),
        ("id2", ("id2", "")),
        ("twin", (None, "twin")),
        ("tag:web", (None, "tag:web")),
    ],
)
def test_which_servers_are_meant(text: str, expected: tuple[str | None, str]) -> None:
    assert target(text, NAMES) == expected


def test_a_server_that_is_gone_is_shown_by_its_id() -> None:
    assert target_text("id9", "", NAMES) == "id9"


# A file of thresholds.


def planned(text: str, known: list[ThresholdView]) -> threshold_plan.Plan:
    return threshold_plan.plan(threshold_plan.wanted(tomllib.loads(text), NAMES), known)


DISK = """
[[threshold]]
name = "disk"
when = "disk.percent:/var > 90"
for = 300
severity = "critical"
"""


def test_a_file_is_told_apart_from_the_hub_by_name() -> None:
    disk = planned(DISK, []).create[0]
    other = view(typed({"when": "load.1 > 8", "name": "load"}), id="t2")

    assert planned(DISK, [view(disk), other]).is_empty
    assert planned(DISK, [view(disk), other]).unmanaged == (other,)
    changed = planned(DISK, [view(structs.replace(disk, value=80.0)), other]).change[0]
    assert changed.fields == {"value": (80.0, 90.0)}


def test_what_a_plan_does_leaves_nothing_to_do() -> None:
    text = DISK + 'clear = "85"\nwindow = "max 1m"\non = "db-01"\nenabled = false\n'
    made = planned(text, []).create[0]
    assert planned(text, [view(made)]).is_empty
    assert (made.enabled, made.server_id) == (False, "id1")


def test_a_file_may_use_the_names_of_rest() -> None:
    text = """
    [[threshold]]
    name = "load"
    metric = "load.1"
    comparison = "gt"
    value = 8
    for_s = 60
    severity = "warning"
    server = "web-01"
    """
    made = planned(text, []).create[0]
    assert (made.metric, made.value, made.for_s, made.server_id) == ("load.1", 8.0, 60.0, "id2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[thresh]]\n", "unknown table 'thresh'"),
        ("threshold = 3\n", "thresholds are tables"),
        ('[[threshold]]\nwhen = "load.1 > 8"\n', "threshold 1 has no name"),
        ('[[threshold]]\nname = "a"\n', "'a': when: it is missing"),
        ('[[threshold]]\nname = "a"\nwhen = "load.1 > 8"\nfoo = 1\n', "'a': unknown key 'foo'"),
        ('[[threshold]]\nname = "a"\nwhen = "load > 8"\n', "'a': condition: unknown metric"),
        ('[[threshold]]\nname = "a"\nwhen = "load.1 > 8"\nfor = true\n', "'a': for: a text or a number"),
        ('[[threshold]]\nname = "a"\nwhen = "load.1 > 8"\nenabled = "no"\n', "enabled: true or false"),
        ('[[threshold]]\nname = "a"\nwhen = "load.1 > 8"\nserver = "x"\n', "'a': servers: server: no server"),
        ('[[threshold]]\nname = "a"\nmetric = "load.1"\nvalue = 1\n', "'a': .*comparison"),
        (DISK + DISK, "two thresholds are called 'disk'"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(text: str, said: str) -> None:
    with pytest.raises(WrongTextError, match=said):
        planned(text, [])


def test_a_name_that_the_hub_has_twice_is_no_ones() -> None:
    disk = planned(DISK, []).create[0]
    with pytest.raises(WrongTextError, match="2 thresholds of the hub are called 'disk'"):
        planned(DISK, [view(disk), view(disk, id="t2")])


# Silences and channels.


def test_a_silence_begins_now() -> None:
    made = silence_of({"for": "2h", "metric": "disk.percent"}, (None, "tag:web"), 1_000, "UTC")
    assert made.ends_at == "1970-01-01T02:00:01.000Z"
    assert (made.metric, made.select, made.starts_at) == ("disk.percent", "tag:web", "")


def test_weekly_hours_without_a_length_are_for_ever() -> None:
    made = silence_of({"weekly": "sun 02:00-04:00"}, (None, ""), 0, "Europe/Berlin")
    assert made.ends_at == ENDLESS
    assert made.weekly is not None
    assert made.weekly.tz == "Europe/Berlin"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "for: how long is missing"),
        ({"for": "x"}, "for: 'x' is no duration"),
        ({"for": "9999999d"}, "for: at most ten years"),
        ({"for": "1h", "metric": "foo"}, "metric: unknown metric"),
        ({"weekly": "sun"}, "every week: "),
    ],
)
def test_what_is_wrong_with_a_silence_is_told(texts: dict[str, str], said: str) -> None:
    with pytest.raises(WrongTextError, match=said):
        silence_of(texts, (None, ""), 0, "UTC")


CHANNEL = ChannelView(
    id="c1", name="on-call", url="https://h/***", min_severity="critical", enabled=True, repeat_s=3600.0
)
CHANNELS = {"c1": "on-call", "c2": "team"}


def test_a_channel_is_changed_without_its_secrets() -> None:
    texts = {str(part): text for part, text in channel_texts.texts_of(CHANNEL, CHANNELS).items()}
    assert changed(CHANNEL, texts) == {}
    assert changed(CHANNEL, {**texts, "url": ""}) == {}
    texts |= {"url": "json://h:1/p", "escalate_after": "15m", "escalate_to": "team", "secret": "s"}
    assert changed(CHANNEL, texts) == {
        "url": "json://h:1/p",
        "escalate_after_s": 900.0,
        "escalate_to": "c2",
        "secret": "s",
    }


def changed(before: ChannelView, texts: dict[str, str]) -> dict[str, object]:
    patch = channel_texts.patch(before, texts, CHANNELS)
    return {name: value for name, value in structs.asdict(patch).items() if value is not UNSET}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"url": "x"}, "name: it is missing"),
        ({"name": "x"}, "address: it is missing"),
        ({"severity": "loud"}, "from: "),
        ({"repeat": "often"}, "repeat: "),
        ({"escalate_after": "15m"}, "to: to which other channel"),
        ({"escalate_to": "nobody"}, "to: no channel is called 'nobody'"),
        ({"quiet": "night"}, "quiet: "),
        ({"ends": "maybe"}, "ends too: yes or no"),
    ],
)
def test_what_is_wrong_with_a_channel_is_told(texts: dict[str, str], said: str) -> None:
    given = texts if set(texts) & {"url", "name"} else {"name": "n", "url": "u", **texts}
    with pytest.raises(WrongTextError, match=f"^{said}"):
        channel_texts.channel(given, CHANNELS)
