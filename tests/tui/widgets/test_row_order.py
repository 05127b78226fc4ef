"""The order of rows, held against a plain list by random operations."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatops_tui.widgets.row_order import RowOrder

ORDERS = st.lists(st.sampled_from("abcdefgh"), unique=True)


class Rows(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.order = RowOrder()
        self.ids: list[str] = []
        self.marked: set[str] = set()

    @rule(ids=ORDERS)
    def follow(self, ids: list[str]) -> None:
        before, place = self.order.cursor, self.order.cursor_index
        self.order.replace(ids, follow=True)
        if before in ids:
            assert self.order.cursor == before
        elif ids:
            assert self.order.cursor == ids[min(place, len(ids) - 1)]
        self.ids = ids
        self.marked &= set(ids)

    @rule(ids=ORDERS)
    def do_not_follow(self, ids: list[str]) -> None:
        self.order.replace(ids, follow=False)
        assert self.order.cursor_index == 0
        self.ids = ids
        self.marked &= set(ids)

    @rule(place=st.integers(-5, 20))
    def move(self, place: int) -> None:
        self.order.move_to(place)
        assert not self.ids or self.order.cursor_index == min(max(0, place), len(self.ids) - 1)

    @rule(data=st.data())
    def mark(self, data: st.DataObject) -> None:
        if self.ids:
            row_id = data.draw(st.sampled_from(self.ids))
            self.order.toggle_mark(row_id)
            self.marked ^= {row_id}

    @rule()
    def clear_marks(self) -> None:
        self.order.clear_marks()
        self.marked.clear()

    @invariant()
    def the_cursor_is_on_a_row_exactly_when_there_are_rows(self) -> None:
        assert (self.order.cursor in self.ids) if self.ids else (self.order.cursor is None)

    @invariant()
    def places_and_ids_agree(self) -> None:
        assert len(self.order) == len(self.ids)
        assert [self.order.index(row_id) for row_id in self.ids] == list(range(len(self.ids)))
        assert self.order.index("nobody") is None
        assert list(self.order.window(-1, 3)) == self.ids[:2]
        assert self.order.marked == self.marked


TestRowOrder = Rows.TestCase
