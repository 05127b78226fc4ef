"""The output of a run against a plain list: what arrives, in which order, and how much is held meanwhile."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatops_agent.actions.commands.output import Chunk, Output, Pieces, TailRoom
from chatops_wire.commands import CHUNK_BYTES, TAIL_BYTES, WINDOW_BYTES, OutputStream

STREAMS: st.SearchStrategy[OutputStream] = st.sampled_from(["stdout", "stderr"])
MIB = 1024 * 1024


def _output(max_output: int = 16 * MIB, window: int = 0, room: TailRoom | None = None) -> Output:
    return Output(max_output, window, room or TailRoom())


def _sent(output: Output) -> list[Chunk]:
    chunks = []
    while (chunk := output.next_chunk()) is not None:
        chunks.append(chunk)
    return chunks


def _bytes(chunks: list[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def _fill(output: Output, size: int, byte: bytes = b"x") -> None:
    for start in range(0, size, CHUNK_BYTES):
        output.add("stdout", byte * min(CHUNK_BYTES, size - start))


def test_small_neighbours_of_one_stream_share_a_chunk() -> None:
    output = _output()
    output.add("stdout", b"a")
    output.add("stdout", b"b")
    output.add("stderr", b"c")
    output.add("stdout", b"d")
    assert _sent(output) == [Chunk(1, "stdout", b"ab"), Chunk(2, "stderr", b"c"), Chunk(3, "stdout", b"d")]


@given(writes=st.lists(st.tuples(STREAMS, st.binary(max_size=50)), max_size=40), limit=st.integers(0, 300))
def test_head_and_tail_are_what_is_kept(writes: list[tuple[OutputStream, bytes]], limit: int) -> None:
    output = _output(limit)
    for stream, data in writes:
        output.add(stream, data)
    output.finish()
    whole = b"".join(data for _, data in writes)
    tail = limit // 2
    kept = whole if len(whole) <= limit else whole[: limit - tail] + whole[len(whole) - tail :]
    assert _bytes(_sent(output)) == kept
    assert (output.total_bytes, output.lost_bytes) == (len(whole), len(whole) - len(kept))
    assert output.is_sent


def test_the_tail_is_at_most_eight_megabytes_of_a_larger_limit() -> None:
    output = _output(64 * MIB)
    _fill(output, 64 * MIB - TAIL_BYTES)
    sent = _bytes(_sent(output))
    assert len(sent) == 64 * MIB - TAIL_BYTES
    _fill(output, 20 * MIB)
    assert output.next_chunk() is None
    output.finish()
    assert len(_bytes(_sent(output))) == TAIL_BYTES


def test_tails_share_their_memory_and_get_it_back() -> None:
    room = TailRoom(MIB)
    first, second = _output(4 * MIB, room=room), _output(4 * MIB, room=room)
    for output in (first, second):
        _fill(output, 2 * MIB)
        _sent(output)
        _fill(output, 2 * MIB)
    assert first.lost_bytes + second.lost_bytes > 2 * MIB
    second.finish()
    # Even with nothing left to share, each has its least.
    assert len(_bytes(_sent(second))) == 64 * 1024
    first.drop()
    assert first.held_bytes == 0
    third = _output(4 * MIB, room=room)
    _fill(third, 4 * MIB)
    assert third.lost_bytes < MIB


def test_reading_stops_at_the_window_and_goes_on_after_the_head() -> None:
    output = _output(4 * WINDOW_BYTES)
    _fill(output, WINDOW_BYTES)
    assert not output.accepts(ended=False)
    # What the main process left in the pipes is taken all the same.
    assert output.accepts(ended=True)
    output.next_chunk()
    assert output.accepts(ended=False)
    _fill(output, WINDOW_BYTES)
    # Beyond the head nothing waits for anybody.
    assert output.accepts(ended=False)


def test_alternating_single_bytes_do_not_fill_the_memory() -> None:
    output = _output()
    for _ in range(512):
        output.add("stdout", b"o")
        output.add("stderr", b"e")
    assert not output.accepts(ended=False)


def test_credit_is_used_to_the_byte() -> None:
    output = _output(window=100)
    output.add("stdout", b"x" * 250)
    assert len(_bytes(_sent(output))) == 100
    assert output.sendable == 0
    output.grant(30, 0)
    assert output.sendable == 30
    assert len(_bytes(_sent(output))) == 30


def test_what_was_confirmed_is_not_held() -> None:
    output = _output(window=1000)
    for _ in range(3):
        output.add("stdout", b"x" * 100)
        output.next_chunk()
    output.grant(0, through_seq=2)
    assert output.held_bytes == 100
    output.attach(0)
    assert [chunk.seq for chunk in _sent(output)] == [3]


def test_a_hub_that_never_confirms_costs_no_more_than_two_windows() -> None:
    output = _output(10_000_000)
    for _ in range(100):
        output.add("stdout", bytes(CHUNK_BYTES))
        output.next_chunk()
    assert output.held_bytes <= 2 * WINDOW_BYTES
    for _ in range(10_000):
        output.add("stdout", b"x")
        output.next_chunk()
    assert output.held_bytes <= 2 * WINDOW_BYTES


@given(pieces=st.lists(st.tuples(STREAMS, st.binary(min_size=1, max_size=9)), max_size=9), cuts=st.data())
def test_pieces_are_a_queue_of_bytes(pieces: list[tuple[OutputStream, bytes]], cuts: st.DataObject) -> None:
    queue = Pieces()
    plain = [(stream, byte) for stream, data in pieces for byte in data]
    for stream, data in pieces:
        queue.push(stream, data)
    taken: list[tuple[str, int]] = []
    while queue:
        assert queue.size == len(plain) - len(taken)
        if cuts.draw(st.booleans()):
            stream, data = queue.pop(cuts.draw(st.integers(1, 40)))
            taken += [(stream, byte) for byte in data]
        else:
            # Nothing is skipped beside it: a loop of nothing but that would take the test's whole budget.
            queue.skip(0)
            count = cuts.draw(st.integers(1, queue.size))
            queue.skip(count)
            taken += plain[len(taken) : len(taken) + count]
    assert taken == plain


class Conversation(RuleBasedStateMachine):
    """A hub that loses its connection at any moment, and confirms what it has."""

    window = 64

    def __init__(self) -> None:
        super().__init__()
        self.output = Output(10_000, self.window, TailRoom())
        self.written: list[tuple[str, int]] = []
        # By the hub, in order; and how much of it has been confirmed.
        self.got: list[Chunk] = []
        self.confirmed = 0
        self.credit = self.window

    @rule(stream=STREAMS, data=st.binary(min_size=1, max_size=100))
    @precondition(lambda self: self.output.accepts(ended=False) and len(self.written) < 4000)
    def write(self, stream: OutputStream, data: bytes) -> None:
        self.output.add(stream, data)
        self.written += [(stream, byte) for byte in data]

    @rule()
    def receive(self) -> None:
        chunk = self.output.next_chunk()
        if chunk is not None:
            self.credit -= len(chunk.data)
            assert self.credit >= 0
            assert chunk.seq == len(self.got) + 1
            self.got.append(chunk)

    @rule()
    def store_and_grant(self) -> None:
        size = sum(len(chunk.data) for chunk in self.got[self.confirmed :])
        self.confirmed = len(self.got)
        self.credit += size
        self.output.grant(size, self.confirmed)

    @rule(lost=st.integers(0, 5))
    def reconnect(self, lost: int) -> None:
        """What was on its way may be gone, but not what had been confirmed."""
        self.got = self.got[: max(self.confirmed, len(self.got) - lost)]
        self.credit = self.window
        self.output.attach(len(self.got))

    @invariant()
    def what_arrived_is_what_was_written(self) -> None:
        arrived = [(chunk.stream, byte) for chunk in self.got for byte in chunk.data]
        assert arrived == self.written[: len(arrived)]

    def teardown(self) -> None:
        self.output.finish()
        while not self.output.is_sent:
            self.store_and_grant()
            self.receive()
        self.what_arrived_is_what_was_written()
        assert sum(len(chunk.data) for chunk in self.got) == len(self.written)


TestConversation = Conversation.TestCase
