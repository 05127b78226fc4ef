from chatops_agent.collectors.process_table import Description, Reading
from chatops_agent.collectors.processes import ProcessesCollector, select


def reading(
    pid: int, cpu_s: float = 0.0, resident: int = 1, name: str = "p", started: float = 0.0
) -> Reading:
    return Reading(pid=pid, started=started, cpu_s=cpu_s, resident=resident, name=name)


class Table:
    """A table of processes as the test sets it."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)
        self.described: list[int] = []

    def scan(self) -> list[Reading]:
        return self.readings

    def describe(self, pid: int) -> Description:
        self.described.append(pid)
        return Description(user="root", command=b"p\0--token\0abc")


def test_the_union_of_both_rankings_is_shown_once_each() -> None:
    readings = [
        reading(1, resident=50),
        reading(2, resident=40),
        reading(3, resident=1),
        reading(4, resident=0),
    ]
    shares = [0.0, 30.0, 90.0, 0.0]
    assert [(process.pid, share) for process, share in select(readings, shares, top=2)] == [
        (3, 90.0),
        (2, 30.0),
        (1, 0.0),
    ]


def test_at_most_fifteen_by_each_are_shown() -> None:
    readings = [reading(pid, resident=pid) for pid in range(1, 101)]
    shares = [100.0 - pid for pid in range(1, 101)]
    assert [process.pid for process, _ in select(readings, shares)] == [*range(1, 16), *range(86, 101)]


def test_the_first_pass_knows_no_processor_time() -> None:
    found = ProcessesCollector(Table(reading(1, cpu_s=500.0))).collect(10.0)
    assert ([process.cpu_percent for process in found.top], found.count) == ([0.0], 1)


def test_processor_time_is_that_since_the_last_pass() -> None:
    table = Table(reading(1, cpu_s=500.0), reading(2, cpu_s=1.0))
    collector = ProcessesCollector(table)
    collector.collect(10.0)
    table.readings = [reading(1, cpu_s=510.0), reading(2, cpu_s=1.0), reading(3, cpu_s=2.0)]
    shares = {process.pid: process.cpu_percent for process in collector.collect(15.0).top}
    # More than one core; a new process spent all it has since it started.
    assert shares == {1: 200.0, 3: 40.0, 2: 0.0}


def test_a_pid_used_again_is_another_process() -> None:
    table = Table(reading(1, cpu_s=500.0))
    collector = ProcessesCollector(table)
    collector.collect(10.0)
    table.readings = [reading(1, cpu_s=1.0, started=12.0)]
    assert collector.collect(20.0).top[0].cpu_percent == 10.0


def test_a_clock_that_stands_still_counts_no_processor_time() -> None:
    table = Table(reading(1, cpu_s=1.0))
    collector = ProcessesCollector(table)
    collector.collect(10.0)
    table.readings = [reading(1, cpu_s=9.0)]
    assert collector.collect(10.0).top[0].cpu_percent == 0.0


def test_a_process_is_described_once_a_minute_and_after_exec() -> None:
    table = Table(reading(1))
    collector = ProcessesCollector(table)
    shown = collector.collect(0.0).top[0]
    assert (shown.user, shown.command) == ("root", "p --token ***")
    collector.collect(59.0)
    assert table.described == [1]
    collector.collect(61.0)
    assert table.described == [1, 1]
    table.readings = [reading(1, name="other")]
    collector.collect(62.0)
    assert table.described == [1, 1, 1]
