"""Which commands are asked about can be chosen, and a wrong expression is named at the start."""

import pytest

from chatops_tui.config import load
from chatops_wire.settings import SettingError


def test_what_is_asked_about_is_a_list_of_expressions_and_a_wrong_one_is_named() -> None:
    assert load({"confirm": ["drop", "rm"]}, {}).confirm == ("drop", "rm")
    with pytest.raises(SettingError, match=r"confirm: 'rm\(' is no regular expression"):
        load({"confirm": ["rm("]}, {})
