"""Where each row of a table stands, and which one the cursor is on: by id, never by place."""

from collections.abc import Sequence

RowId = str


class RowOrder:
    """The ids of a table's rows from top to bottom, the cursor and the marks."""

    def __init__(self) -> None:
        self._ids: Sequence[RowId] = ()
        self._index: dict[RowId, int] = {}
        self._cursor: RowId | None = None
        self._marked: frozenset[RowId] = frozenset()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> Sequence[RowId]:
        """All ids, from top to bottom."""
        return self._ids

    @property
    def cursor(self) -> RowId | None:
        """The row the cursor is on; None exactly when there are no rows."""
        return self._cursor

    @property
    def cursor_index(self) -> int:
        """The place of the cursor; 0 when there are no rows."""
        return 0 if self._cursor is None else self._index[self._cursor]

    @property
    def marked(self) -> frozenset[RowId]:
        """The marked rows; a row that goes away loses its mark."""
        return self._marked

    def window(self, first: int, count: int) -> Sequence[RowId]:
        """Return the ids from place `first` on, at most `count`."""
        return self._ids[max(0, first) : max(0, first + count)]

    def index(self, row_id: RowId) -> int | None:
        """Return the place of `row_id`, None when there is no such row."""
        return self._index.get(row_id)

    def replace(self, ids: Sequence[RowId], *, follow: bool) -> None:
        """Take a new order.

        Args:
            ids: Unique ids. The sequence is kept, not copied: hand over one that is not changed afterwards.
            follow: Whether the cursor stays on its row; else it goes to the top. When its row is gone the
                cursor takes the row that now stands in its place, or the last.
        """
        place = self.cursor_index
        self._ids = ids
        self._index = {row_id: at for at, row_id in enumerate(ids)}
        if not follow:
            self._cursor = ids[0] if ids else None
        elif self._cursor not in self._index:
            self._cursor = ids[min(place, len(ids) - 1)] if ids else None
        if self._marked:
            self._marked = self._marked.intersection(self._index)

    def move_to(self, place: int) -> None:
        """Put the cursor on the row at `place`, or on the nearest there is."""
        if self._ids:
            self._cursor = self._ids[min(max(0, place), len(self._ids) - 1)]

    def toggle_mark(self, row_id: RowId) -> None:
        """Mark `row_id`, or take its mark away."""
        self._marked = self._marked.symmetric_difference((row_id,))

    def clear_marks(self) -> None:
        """Take every mark away."""
        self._marked = frozenset()
