import pytest
from msgspec.structs import asdict

from chatops_agent.frames import encode_frame, encode_sample
from chatops_agent.outbox import Batch, LiveCopy
from chatops_agent.spool import Dropped, Stored
from chatops_wire.agent import Gap, Live, Metrics, MetricsBatch
from chatops_wire.codec import from_agent
from chatops_wire.samples import Cpu, Disk, Memory, Process, Sample, SampleParts

SAMPLE = SampleParts(
    timestamp="2026-01-31T12:00:00.000Z",
    cpu=Cpu(percent=12.5),
    memory=Memory(total=8, used=4, percent=50.0),
    disks=(Disk(mount="/", total=8, used=4, percent=50.0),),
    processes=tuple(Process(pid=pid, name="ä" * 50) for pid in range(1, 31)),
)
BODY, _ = encode_sample(SAMPLE)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (Stored(7, BODY), Metrics(seq=7, **asdict(SAMPLE))),
        (LiveCopy(BODY), Live(**asdict(SAMPLE))),
        (
            Batch((Stored(7, BODY), Stored(8, BODY))),
            MetricsBatch(samples=(Sample(seq=7, **asdict(SAMPLE)), Sample(seq=8, **asdict(SAMPLE)))),
        ),
        (Dropped(3, 6, "spool_full"), Gap(from_seq=3, to_seq=6, reason="spool_full")),
    ],
)
def test_frames_are_what_the_hub_decodes(
    frame: Stored | LiveCopy | Batch | Dropped, expected: object
) -> None:
    assert expected == from_agent().decode(encode_frame(frame))


def test_a_sample_that_fits_keeps_all_its_parts() -> None:
    assert encode_sample(SAMPLE)[1] == ()


def test_processes_go_first_from_a_sample_that_is_too_large() -> None:
    body, omitted = encode_sample(SAMPLE, limit=len(BODY) - 1)
    assert omitted == ("processes",)
    message = from_agent().decode(encode_frame(LiveCopy(body)))
    assert isinstance(message, Live)
    assert ((), SAMPLE.disks) == (message.processes, message.disks)


def test_processor_and_memory_stay_whatever_the_limit() -> None:
    body, omitted = encode_sample(SAMPLE, limit=1)
    assert omitted == ("processes", "containers", "temperatures", "networks", "disks")
    message = from_agent().decode(encode_frame(LiveCopy(body)))
    assert isinstance(message, Live)
    assert (SAMPLE.cpu, SAMPLE.memory) == (message.cpu, message.memory)
