"""Places for sockets that have not authenticated: so many in all, so many from one address."""

from contextlib import ExitStack

import pytest

from chatops_server.errors import TooManyRequestsError
from chatops_server.web.frame_socket import Patience
from chatops_server.web.open_sockets import MAX_FROM_ONE_ADDRESS, MAX_UNAUTHENTICATED, OpenSockets


async def test_one_address_gets_so_many_places_and_one_back_for_each_that_authenticates() -> None:
    sockets = OpenSockets(Patience())
    with ExitStack() as taken:
        places = [taken.enter_context(sockets.admitted("a")) for _ in range(MAX_FROM_ONE_ADDRESS)]
        with pytest.raises(TooManyRequestsError), sockets.admitted("a"):
            pass
        taken.enter_context(sockets.admitted("b"))
        places[0].authenticated()
        places[0].authenticated()
        taken.enter_context(sockets.admitted("a"))
        with pytest.raises(TooManyRequestsError), sockets.admitted("a"):
            pass
    assert sockets.unauthenticated == 0
    await sockets.wait_until_none()


async def test_all_addresses_together_get_so_many_places() -> None:
    sockets = OpenSockets(Patience())
    with ExitStack() as taken:
        for number in range(MAX_UNAUTHENTICATED):
            taken.enter_context(sockets.admitted(f"address {number}"))
        with pytest.raises(TooManyRequestsError), sockets.admitted("one more"):
            pass
    assert sockets.unauthenticated == 0


async def test_the_addresses_of_one_ipv6_user_count_as_one() -> None:
    sockets = OpenSockets(Patience())
    with ExitStack() as taken:
        for number in range(MAX_FROM_ONE_ADDRESS):
            taken.enter_context(sockets.admitted(f"2001:db8::{number:x}"))
        with pytest.raises(TooManyRequestsError), sockets.admitted("2001:db8::ffff"):
            pass
        taken.enter_context(sockets.admitted("2001:db8:0:1::1"))
