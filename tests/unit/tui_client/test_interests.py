"""What to tell the hub when a wish changes."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.client.interests import EVENTS, FLEET, Interest, changes, metrics

INTERESTS = st.frozensets(
    st.builds(Interest, st.sampled_from(["fleet", "metrics", "events"]), st.none() | st.sampled_from("abc"))
)


def test_the_difference_is_in_a_stable_order() -> None:
    difference = changes(frozenset({metrics("b"), metrics("a")}), frozenset({metrics("c"), FLEET, EVENTS}))

    assert difference.unsubscribe == (metrics("a"), metrics("b"))
    assert difference.subscribe == (EVENTS, FLEET, metrics("c"))


@given(asked=INTERESTS, wanted=INTERESTS)
def test_what_is_told_leads_to_what_is_wanted(
    asked: frozenset[Interest], wanted: frozenset[Interest]
) -> None:
    difference = changes(asked, wanted)

    assert (asked - set(difference.unsubscribe)) | set(difference.subscribe) == wanted
    assert set(difference.unsubscribe) <= asked
    assert not set(difference.subscribe) & asked
