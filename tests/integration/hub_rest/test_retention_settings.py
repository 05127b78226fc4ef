"""How long things are kept, set by an admin while the hub runs."""

from pathlib import Path

import pytest

from chatops_server.services.retention import Retention
from chatops_server.storage.sql.events import EventFilter, NewEvent, add_event, all_events
from chatops_server.storage.sql.keeping import set_term
from tests.integration.hub_rest.conftest import Asker, opened

PATH = "/settings/retention"
FLAGS = {
    "raw_days": 7,
    "minutes_days": 30,
    "ten_minutes_days": 180,
    "hours_days": 730,
    "commands_days": 90,
    "output_mb": 1024,
    "events_days": 90,
}


async def test_flags_hold_until_something_is_set(asker: Asker) -> None:
    assert (await asker.get(PATH)).body == {**FLAGS, "flags": FLAGS, "set": []}


async def test_what_is_set_holds_and_null_gives_the_flag_back(asker: Asker) -> None:
    answer = await asker.put(PATH, {"raw_days": 14, "events_days": 10})
    assert answer.status == 200
    assert answer.body == {
        **FLAGS,
        "raw_days": 14,
        "events_days": 10,
        "flags": FLAGS,
        "set": ["raw_days", "events_days"],
    }
    # What is left out stays.
    assert (await asker.put(PATH, {"raw_days": None})).body["set"] == ["events_days"]
    assert (await asker.get(PATH)).body == {
        **FLAGS,
        "events_days": 10,
        "flags": FLAGS,
        "set": ["events_days"],
    }


async def test_it_is_audited_with_who_and_what(asker: Asker) -> None:
    await asker.put(PATH, {"output_mb": 64, "raw_days": None})
    [entry] = (await asker.get("/audit?action=retention")).body["items"]
    assert (entry["action"], entry["data"]) == ("retention.change", {"output_mb": 64, "raw_days": None})
    await asker.put(PATH, {})
    assert len((await asker.get("/audit?action=retention")).body["items"]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("raw_days", 0),
        ("raw_days", 3651),
        ("hours_days", 36501),
        ("output_mb", 15),
        ("events_days", "ten"),
        ("commands_days", 1.5),
    ],
)
async def test_what_is_no_length_is_told_by_its_name(asker: Asker, name: str, value: object) -> None:
    answer = await asker.put(PATH, {name: value})
    assert answer.status == 400
    assert name in answer.body["detail"]
    assert (await asker.get(PATH)).body["set"] == []


async def test_it_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as asker:
        await asker.put(PATH, {"hours_days": 3650})
    async with opened(tmp_path) as again:
        assert (await again.get(PATH)).body["hours_days"] == 3650


async def test_the_next_clean_up_goes_by_it_without_a_restart(asker: Asker) -> None:
    hub, storage = asker.running.hub, asker.running.storage
    old_ms = hub.now_ms() - 20 * 24 * 3600 * 1000
    await storage.write(add_event(old_ms, NewEvent("login", "ann logged in")))
    await asker.put(PATH, {"events_days": 10})
    await Retention(storage, hub.keeping, hub.now_ms).drop()
    assert old_ms not in [row.ts_ms for row in await storage.read(all_events(EventFilter()))]


async def test_what_another_hub_has_set_is_taken_over(asker: Asker) -> None:
    await asker.running.storage.write(set_term("raw_days", 3))
    await asker.running.storage.write(set_term("of a newer hub", 3))
    await asker.running.hub.keeping.look()
    assert (await asker.get(PATH)).body["raw_days"] == 3
    assert (await asker.get(PATH)).body["set"] == ["raw_days"]
