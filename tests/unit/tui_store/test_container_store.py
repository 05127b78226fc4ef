"""What is told of containers becomes rows, series and pulls."""

from msgspec.structs import asdict

from chatops_tui.store.container_series import CPU, MEMORY, SPARK_STEP_MS
from chatops_tui.store.containers import (
    EVERYWHERE,
    MOST_GONE,
    ContainerPastAnswered,
    Containers,
    ContainersAnswered,
    ContainersFailed,
    DoingChanged,
)
from chatops_wire.client import ContainerMessage, MetricsEvent, PullFinished, PullProgress
from chatops_wire.containers import Container, ContainerItem, EngineState
from chatops_wire.rest import History, Series
from chatops_wire.rest_docker import PullBegun
from chatops_wire.samples import Cpu, Memory
from chatops_wire.times import format_ms

NOW = 1_700_000_000_000
WEB = ("web", "c1")


def one(container_id: str = "c1", **fields: object) -> Container:
    usual: dict[str, object] = {"id": container_id, "name": f"name-{container_id}", "state": "running"}
    return Container(**{**usual, **fields})  # type: ignore[arg-type]


def item(server_id: str, container: Container) -> ContainerItem:
    return ContainerItem(server_id=server_id, **asdict(container))


def listed(server_id: str, *items: ContainerItem) -> ContainersAnswered:
    return ContainersAnswered(server_id, items, {server_id: "available"} if server_id else {})


def sample(
    *containers: Container, at_ms: int = NOW, none: bool = False, engine: EngineState | None = None
) -> MetricsEvent:
    return MetricsEvent(
        server_id="web",
        seq=1,
        timestamp=format_ms(at_ms),
        cpu=Cpu(percent=1.0),
        memory=Memory(total=1, used=1, percent=1.0),
        containers=None if none else containers,
        engine=engine,
    )


def ids(known: Containers, server_id: str = EVERYWHERE) -> list[str]:
    return sorted(memory.item.id for memory in known.rows(server_id))


def test_a_list_replaces_what_was_known_of_its_servers_only() -> None:
    known = Containers()
    known.apply(listed(EVERYWHERE, item("web", one("c1")), item("db", one("c2"))), NOW)
    known.apply(listed("web", item("web", one("c3"))), NOW)
    assert ids(known) == ["c2", "c3"]
    assert ids(known, "db") == ["c2"]
    gone = known.get(WEB)
    assert gone is not None
    assert gone.is_gone


def test_of_those_that_are_gone_the_last_are_kept() -> None:
    known = Containers()
    for number in range(MOST_GONE + 2):
        known.apply(listed("web", item("web", one(f"c{number}"))), NOW)
    # c1 has come back, so it is none of those that went first.
    known.apply(listed("web", item("web", one("c1"))), NOW)
    known.apply(listed("web", item("web", one("new"))), NOW)
    kept = [number for number in range(MOST_GONE + 2) if known.get(("web", f"c{number}")) is not None]
    assert kept == [1, *range(3, MOST_GONE + 2)]
    assert ids(known) == ["new"]


def test_while_an_agent_is_away_its_containers_stay_as_they_were() -> None:
    known = Containers()
    known.apply(listed("web", item("web", one("c1"))), NOW)
    known.apply(ContainersAnswered(EVERYWHERE, (), {"web": "offline"}), NOW)
    assert (ids(known), known.engine("web")) == (["c1"], "offline")
    known.apply(ContainersAnswered(EVERYWHERE, (), {"web": "absent"}), NOW)
    assert ids(known) == []


def test_no_list_is_told_apart_from_an_empty_one() -> None:
    known = Containers()
    assert not known.is_loaded("web")
    known.apply(ContainersFailed("web", "Not connected."), NOW)
    assert (known.failure("web"), known.is_loaded("web")) == ("Not connected.", False)
    known.apply(ContainersAnswered("web", (), {"web": "absent"}), NOW)
    assert (known.failure("web"), known.is_loaded("web"), known.engine("web")) == ("", True, "absent")


def test_a_sample_tells_all_containers_of_its_server_or_nothing() -> None:
    known = Containers()
    known.take_sample(sample(one("c1"), one("c2")), NOW)
    known.take_sample(sample(one("c1")), NOW)
    assert ids(known) == ["c1"]
    known.take_sample(sample(none=True), NOW)
    assert ids(known) == ["c1"]
    known.take_sample(sample(), NOW)
    assert ids(known) == []


def test_a_sample_says_why_an_engine_does_not_answer() -> None:
    known = Containers()
    known.take_sample(sample(none=True, engine=EngineState(state="unavailable", reason="it hangs")), NOW)
    assert (known.engine("web"), known.engine_reason("web")) == ("unavailable", "it hangs")


def test_changes_come_at_once_and_a_removed_one_keeps_its_last_state() -> None:
    known = Containers()
    known.apply(ContainerMessage(action="start", container=item("web", one())), NOW)
    assert ids(known) == ["c1"]
    ended = one(state="exited", exit_code=3)
    known.apply(ContainerMessage(action="destroy", container=item("web", ended)), NOW)
    memory = known.get(WEB)
    assert ids(known) == []
    assert memory is not None
    assert (memory.is_gone, memory.item.exit_code) == (True, 3)


def test_one_without_an_id_is_known_by_its_name_and_one_without_both_not_at_all() -> None:
    known = Containers()
    known.take_sample(sample(Container(name="bare", cpu_percent=2.0), Container()), NOW)
    assert [memory.key for memory in known.rows()] == [("web", "bare")]


def test_what_is_done_to_them_stands_there_until_it_ends() -> None:
    known = Containers()
    known.take_sample(sample(one()), NOW)
    known.apply(DoingChanged((WEB, ("web", "unknown")), "stopping…"), NOW)
    memory = known.get(WEB)
    assert memory is not None
    assert memory.doing == "stopping…"
    known.apply(DoingChanged((WEB,), ""), NOW)
    assert memory.doing == ""


def test_the_short_series_has_a_value_a_cell_and_gaps_where_none_is_known() -> None:
    known = Containers()
    start = NOW - NOW % SPARK_STEP_MS
    for step, cpu in enumerate((10.0, None, None, 30.0)):
        at_ms = start + step * SPARK_STEP_MS
        known.take_sample(sample(one(cpu_percent=cpu, memory_used=5), at_ms=at_ms), at_ms)
    memory = known.get(WEB)
    assert memory is not None
    end = start + 3 * SPARK_STEP_MS
    # A single one that is missing is a late sample.
    assert memory.series.spark(CPU, 5, end) == [None, 10.0, 10.0, None, 30.0]
    # A bucket that has just begun does not make the line flicker.
    assert memory.series.spark(CPU, 3, end + SPARK_STEP_MS) == [10.0, None, 30.0]
    assert memory.series.spark(MEMORY, 2, end) == [5.0, 5.0]


def test_the_short_series_is_filled_from_the_past_on_the_agent_s_clock() -> None:
    known = Containers()
    start = NOW - NOW % SPARK_STEP_MS
    known.take_sample(sample(one(cpu_percent=9.0)), start)
    past = History(
        server_id="web",
        start="",
        end="",
        step_s=5.0,
        tier="raw",
        series=(
            Series(metric=f"{CPU}:other", unit="percent", points=((start, 70.0, 70.0, 70.0),)),
            Series(
                metric=f"{CPU}:name-c1",
                unit="percent",
                points=((start + 50_000, 7.0, 7.0, 7.0), (start + 55_000, 8.0, 8.0, 8.0)),
            ),
        ),
    )
    known.apply(ContainerPastAnswered((WEB, ("web", "gone")), past, ahead_ms=60_000), start)
    memory = known.get(WEB)
    assert memory is not None
    assert memory.series.spark(CPU, 3, start) == [7.0, 8.0, 9.0]


def test_a_still_picture_does_not_move() -> None:
    known = Containers()
    known.take_sample(sample(one()), NOW)
    still = known.still()
    known.take_sample(sample(), NOW)
    assert (ids(known), ids(still)) == ([], ["c1"])


def test_a_server_that_is_gone_takes_its_containers_with_it() -> None:
    known = Containers()
    known.apply(listed(EVERYWHERE, item("web", one("c1")), item("db", one("c2"))), NOW)
    known.forget_server("web")
    assert ids(known) == ["c2"]
    assert known.get(WEB) is None


def progress(text: str, current: int | None = None, total: int | None = None) -> PullProgress:
    return PullProgress(
        server_id="web", command_id="p1", image="nginx", text=text, current=current, total=total
    )


def finished(*, success: bool, message: str = "") -> PullFinished:
    return PullFinished(server_id="web", command_id="p1", image="nginx", success=success, message=message)


def test_a_pull_goes_on_until_its_end_is_told_and_a_failed_one_stays() -> None:
    known = Containers()
    known.apply(progress("Downloading", 30, 120), NOW)
    # The answer to the request may come after the first news.
    known.apply(PullBegun(command_id="p1", server_id="web", image="nginx"), NOW)
    assert [(pull.text, pull.share) for pull in known.pulls.of("web")] == [("Downloading", 0.25)]
    known.apply(finished(success=False, message="no such image"), NOW)
    known.apply(progress("late"), NOW)
    assert [(pull.ended, pull.failure) for pull in known.pulls.of("web")] == [(True, "no such image")]
    known.apply(finished(success=True), NOW)
    assert list(known.pulls.of("web")) == []
