"""What wrong usage looks like, and moments as the audit log takes them."""

import pytest

from chatops_tui.arguments import parsed
from chatops_tui.commands.timeline import audit_wanted
from chatops_wire.settings import SettingError
from chatops_wire.times import parse_ms


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["top", "-n", "0"], "usage: chatops top [-h] [--json]"),
        (["nonsense"], "usage: chatops [SETTING ...] [PLACE | COMMAND ...]\n"),
    ],
)
def test_the_settings_of_every_command_do_not_hide_what_was_wrong(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(argv)
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.startswith(told)
    assert "--tls-pin" not in err


def test_help_lists_them_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["top", "--help"])
    assert "--tls-pin PIN" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "asked"),
    [("", ""), ("1700000000000", "1700000000000"), ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z")],
)
def test_what_the_hub_reads_itself_goes_there_as_it_is(typed: str, asked: str) -> None:
    assert audit_wanted(parsed(["audit", "--until", typed])).wish.end == asked


def test_a_moment_of_the_audit_log_may_be_said_in_words() -> None:
    ago = audit_wanted(parsed(["audit", "--since", "-2h", "--until", "1h"])).wish
    assert int(ago.end) - int(ago.start) == pytest.approx(3_600_000, abs=60_000)
    day = audit_wanted(parsed(["audit", "--since", "2026-01-31"])).wish.start
    assert abs(int(day) - parse_ms("2026-01-31T00:00:00Z")) <= 86_400_000


def test_what_is_no_moment_is_named_with_its_flag() -> None:
    with pytest.raises(SettingError, match="--since: That is no time"):
        audit_wanted(parsed(["audit", "--since", "nonsense"]))
