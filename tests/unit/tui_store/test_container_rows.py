"""Which containers a list shows, in which order, and how each stands."""

import pytest

from chatops_tui.store.container_rows import (
    SORTS,
    Condition,
    ContainerRow,
    ListRow,
    ProjectRow,
    Wish,
    condition,
    counted,
    is_running,
    rows,
)
from chatops_tui.store.containers import ContainerMemory
from chatops_tui.store.selectors import Order, first_order
from chatops_wire.containers import Container

SERVERS = {"s1": "web-01", "s2": "db-01"}
BY_NAME = Order("name", descending=False)


def memory(name: str, server_id: str = "s1", **fields: object) -> ContainerMemory:
    usual: dict[str, object] = {"id": name, "name": name, "state": "running"}
    return ContainerMemory(server_id, Container(**{**usual, **fields}))  # type: ignore[arg-type]


FLEET = [
    memory("api", project="shop", cpu_percent=40.0, memory_used=100),
    memory("db", "s2", project="shop", image="postgres:17", cpu_percent=5.0, memory_used=900),
    memory("cron", project="admin", state="exited", exit_code=0),
    memory("alone", cpu_percent=90.0),
]


def shown(found: list[ListRow]) -> list[str]:
    return [f"[{row.project or '-'}]" if isinstance(row, ProjectRow) else row.item.name for row in found]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Container(state="running"), Condition.WELL),
        (Container(state="running", health="healthy"), Condition.WELL),
        (Container(state="running", health="unhealthy"), Condition.FAILED),
        (Container(state="running", health="starting"), Condition.UNSETTLED),
        (Container(state="paused"), Condition.UNSETTLED),
        (Container(state="restarting"), Condition.UNSETTLED),
        (Container(state="dead"), Condition.FAILED),
        (Container(state="created"), Condition.RESTING),
        (Container(state="exited", exit_code=0), Condition.RESTING),
        (Container(state="exited"), Condition.RESTING),
        (Container(state="exited", exit_code=1), Condition.FAILED),
        (Container(state="exited", exit_code=143), Condition.RESTING),
        (Container(state="exited", exit_code=137), Condition.RESTING),
        (Container(state="exited", exit_code=137, oom_killed=True), Condition.FAILED),
        (Container(name="bare", cpu_percent=1.0), Condition.WELL),
    ],
)
def test_how_a_container_stands(item: Container, expected: Condition) -> None:
    assert expected is condition(item)


def test_what_tells_no_state_runs_when_it_uses_something() -> None:
    assert is_running(Container(cpu_percent=0.0))
    assert not is_running(Container())


def test_projects_stand_by_name_and_what_belongs_to_none_below_them() -> None:
    found = rows(FLEET, SERVERS, Wish(BY_NAME))
    assert shown(found) == ["[admin]", "cron", "[shop]", "api", "db", "[-]", "alone"]
    assert counted(found) == 4


def test_by_a_figure_the_project_with_the_first_row_comes_first() -> None:
    found = rows(FLEET, SERVERS, Wish(first_order(SORTS, "memory")))
    assert shown(found)[:3] == ["[shop]", "db", "api"]


def test_a_folded_project_counts_its_containers_all_the_same() -> None:
    found = rows(FLEET, SERVERS, Wish(BY_NAME, folded={"shop"}))
    assert shown(found) == ["[admin]", "cron", "[shop]", "[-]", "alone"]
    assert counted(found) == 4


def test_without_groups_or_projects_there_are_no_lines_between() -> None:
    assert shown(rows(FLEET, SERVERS, Wish(BY_NAME, grouped=False))) == ["alone", "api", "cron", "db"]
    assert shown(rows(FLEET[3:], SERVERS, Wish(BY_NAME))) == ["alone"]


def test_what_has_no_figure_comes_last_both_ways() -> None:
    for descending in (True, False):
        found = rows(FLEET, SERVERS, Wish(Order("cpu", descending=descending), grouped=False))
        assert shown(found)[-1] == "cron"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres", ["db"]),
        ("project:shop", ["api", "db"]),
        ("server:db", ["db"]),
        ("web-01", ["alone", "api", "cron"]),
        ("state:exited", ["cron"]),
        ("!project:shop cpu>50", ["alone"]),
        ("mem>=900", ["db"]),
        ("health:none", ["alone", "api", "cron", "db"]),
    ],
)
def test_the_words_of_the_filter(text: str, expected: list[str]) -> None:
    assert expected == shown(rows(FLEET, SERVERS, Wish(BY_NAME, text, grouped=False)))


def test_stopped_ones_can_be_left_out_but_not_while_something_is_done_to_them() -> None:
    hidden = Wish(BY_NAME, with_stopped=False, grouped=False)
    assert shown(rows(FLEET, SERVERS, hidden)) == ["alone", "api", "db"]
    starting = memory("cron", state="exited")
    starting.doing = "starting…"
    assert shown(rows([starting], SERVERS, hidden)) == ["cron"]


def test_a_row_s_id_holds_server_and_container() -> None:
    same = [memory("api", "s1"), memory("api", "s2")]
    found = rows(same, SERVERS, Wish(BY_NAME))
    assert len({row.id for row in found}) == 2
    assert [row.server for row in found if isinstance(row, ContainerRow)] == ["db-01", "web-01"]
