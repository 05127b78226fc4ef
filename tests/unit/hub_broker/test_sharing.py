"""What the hub tells the cycle collector: in a process of its own, whose collector it may set."""

import subprocess
import sys

_LOOKED_AT_ONCE = """
import gc
from chatops_server import sharing

class Circle:
    def __init__(self):
        self.own = self

sharing.settle()
kept = [Circle() for _ in range(100)]
frozen = gc.get_freeze_count()
gc.collect()
assert gc.get_freeze_count() >= frozen + 100, "what survived a whole look is looked at again"
del kept
gc.collect()
assert gc.get_freeze_count() >= frozen + 100, "the test shows nothing: the circles are gone already"
for live in (5000, *[0] * 999):
    sharing.connection_ended(live)
assert gc.get_freeze_count() == 0, "after a thousand ends everything is seen again"
assert gc.collect() >= 100
sharing.end()
assert not gc.isenabled()
"""


def test_what_survived_is_looked_at_again_only_once_many_connections_have_ended() -> None:
    subprocess.run([sys.executable, "-c", _LOOKED_AT_ONCE], check=True)  # noqa: S603 - our own text
