from chatops_agent.outbox import HUB_LOST, MAX_BATCH_BYTES, Batch, Frame, LiveCopy, Outbox
from chatops_agent.spool import FULL, Dropped, MemorySpool, Stored
from chatops_wire.agent import MAX_BATCH


def outbox(samples: int = 0, *, window: int = 600, max_samples: int = 720) -> Outbox:
    box = Outbox(MemorySpool("e1", max_samples=max_samples), window=window)
    for number in range(1, samples + 1):
        box.add(b"s%d" % number)
    return box


def all_frames(box: Outbox) -> list[Frame]:
    frames: list[Frame] = []
    while (frame := box.next_frame()) is not None:
        frames.append(frame)
    return frames


def stored(first: int, last: int) -> tuple[Stored, ...]:
    return tuple(Stored(seq, b"s%d" % seq) for seq in range(first, last + 1))


def test_a_sample_goes_out_alone_as_it_comes() -> None:
    box = outbox(1)
    assert [Stored(1, b"s1")] == all_frames(box)
    assert box.in_flight == 1
    box.add(b"s2")
    assert [Stored(2, b"s2")] == all_frames(box)


def test_an_empty_outbox_has_nothing_to_send() -> None:
    box = outbox()
    assert box.next_frame() is None
    assert (box.epoch, box.next_seq) == ("e1", 1)


def test_a_short_backlog_goes_as_one_batch_and_the_newest_after_it() -> None:
    assert [Batch(stored(1, 4)), Stored(5, b"s5")] == all_frames(outbox(5))


def test_a_long_backlog_goes_in_batches_behind_a_copy_of_the_newest() -> None:
    frames = all_frames(outbox(300))
    assert LiveCopy(b"s300") == frames[0]
    # The newest has been shown: its number comes with the rest.
    assert [Batch(stored(1, 120)), Batch(stored(121, 240)), Batch(stored(241, 300))] == frames[1:]
    assert MAX_BATCH == 120


def test_a_batch_is_bounded_in_bytes() -> None:
    box = outbox()
    body = b"x" * (MAX_BATCH_BYTES // 4)
    for _ in range(10):
        box.add(body)
    assert [len(frame.samples) if isinstance(frame, Batch) else 1 for frame in all_frames(box)] == [
        1,
        4,
        4,
        2,
    ]


def test_a_sample_larger_than_a_batch_may_be_goes_by_itself() -> None:
    box = outbox()
    box.add(b"x" * (MAX_BATCH_BYTES + 1))
    box.add(b"y")
    assert [Batch((Stored(1, b"x" * (MAX_BATCH_BYTES + 1)),)), Stored(2, b"y")] == all_frames(box)


def test_a_full_window_lets_only_copies_through() -> None:
    box = outbox(2, window=2)
    assert [Batch(stored(1, 1)), Stored(2, b"s2")] == all_frames(box)
    box.add(b"s3")
    assert [LiveCopy(b"s3")] == all_frames(box)
    box.add(b"s4")
    assert [LiveCopy(b"s4")] == all_frames(box)


def test_an_ack_opens_the_window() -> None:
    box = outbox(2, window=2)
    all_frames(box)
    box.add(b"s3")
    assert [LiveCopy(b"s3")] == all_frames(box)
    assert box.ack(1)
    assert [Batch(stored(3, 3))] == all_frames(box)


def test_the_newest_needs_no_copy_if_the_window_holds_it_after_the_batch() -> None:
    assert [Batch(stored(1, 2)), Stored(3, b"s3")] == all_frames(outbox(3, window=3))


def test_a_copy_goes_first_if_the_window_ends_before_the_newest() -> None:
    assert [LiveCopy(b"s3"), Batch(stored(1, 2))] == all_frames(outbox(3, window=2))


def test_acknowledged_samples_are_not_sent_again() -> None:
    box = outbox(3)
    all_frames(box)
    assert box.ack(2)
    box.resume(2)
    assert [Batch(stored(3, 3))] == all_frames(box)


def test_a_new_connection_resumes_after_the_hubs_last() -> None:
    box = outbox(3)
    all_frames(box)
    box.resume(1)
    assert [Batch(stored(2, 3))] == all_frames(box)


def test_an_ack_without_news_while_samples_fly_is_the_answer_to_a_hole() -> None:
    box = outbox(3)
    all_frames(box)
    assert box.ack(1)
    assert not box.ack(1)
    assert [Batch(stored(2, 3))] == all_frames(box)


def test_a_hole_is_answered_once_until_something_new_is_acknowledged() -> None:
    box = outbox(3)
    all_frames(box)
    box.ack(1)
    box.ack(1)
    all_frames(box)
    # One such answer came for each of the samples behind the hole.
    assert not box.ack(1)
    assert all_frames(box) == []
    # Acknowledged again because they came twice: no hole.
    box.ack(3)
    box.add(b"s4")
    all_frames(box)
    assert not box.ack(3)
    assert all_frames(box) == []
    box.ack(4)
    box.add(b"s5")
    all_frames(box)
    assert not box.ack(4)
    assert [Batch(stored(5, 5))] == all_frames(box)


def test_an_ack_without_news_and_nothing_in_flight_changes_nothing() -> None:
    box = outbox(1)
    all_frames(box)
    box.ack(1)
    assert not box.ack(1)
    assert all_frames(box) == []


def test_an_ack_of_more_than_was_sent_counts_as_all_that_was_sent() -> None:
    box = outbox(2, window=1)
    all_frames(box)
    assert box.ack(99)
    assert [Batch(stored(2, 2))] == all_frames(box)


def test_an_ack_of_less_than_nothing_is_the_answer_to_a_hole_at_the_start() -> None:
    box = outbox(2)
    all_frames(box)
    assert not box.ack(-5)
    assert all_frames(box) == [Batch(stored(1, 2))]
    box.resume(-5)
    assert all_frames(box) == [Batch(stored(1, 2))]


def test_an_ack_after_a_rewind_moves_what_is_sent_along() -> None:
    box = outbox(3)
    all_frames(box)
    box.rewind()
    assert box.ack(2)
    assert [Batch(stored(3, 3))] == all_frames(box)


def test_what_the_spool_dropped_is_declared_before_what_follows() -> None:
    assert all_frames(outbox(5, max_samples=3)) == [
        LiveCopy(b"s5"),
        Dropped(1, 2, FULL),
        Batch(stored(3, 5)),
    ]


def test_a_gap_right_before_the_newest_needs_no_copy() -> None:
    assert all_frames(outbox(3, max_samples=1)) == [Dropped(1, 2, FULL), Stored(3, b"s3")]


def test_a_gap_that_grew_after_it_was_sent_is_declared_from_where_it_was() -> None:
    box = outbox(4, window=2, max_samples=2)
    assert all_frames(box) == [LiveCopy(b"s4"), Dropped(1, 2, FULL)]
    box.add(b"s5")
    box.ack(2)
    assert all_frames(box) == [LiveCopy(b"s5"), Dropped(3, 3, FULL), Batch(stored(4, 4))]


def test_what_the_hub_lost_after_acknowledging_is_declared() -> None:
    box = outbox(3)
    all_frames(box)
    box.ack(3)
    box.resume(1)
    assert [Dropped(2, 3, HUB_LOST)] == all_frames(box)
    box.resume(1)
    box.add(b"s4")
    assert [Dropped(2, 3, HUB_LOST), Stored(4, b"s4")] == all_frames(box)


def test_samples_dropped_between_others_end_a_batch() -> None:
    """A spool on disk may lose a part in the middle."""
    box = Outbox(_TornSpool())
    assert [Batch(stored(1, 1)), Dropped(2, 2, "crc"), Batch(stored(3, 3))] == all_frames(box)


class _TornSpool(MemorySpool):
    def __init__(self) -> None:
        super().__init__("e1")
        for body in (b"s1", b"s2", b"s3"):
            self.append(body)

    def read(self, after: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        for entry in super().read(after):
            yield Dropped(2, 2, "crc") if entry == Stored(2, b"s2") else entry
