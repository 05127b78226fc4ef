from chatops_agent.actions.processes.environment import COOKIE, Account, for_command, for_terminal

OWN = {
    "PATH": "/opt/bin", "LANG": "de_DE.UTF-8", "LC_TIME": "C", "TZ": "Europe/Berlin", "TERM": "linux",
    "CHATOPS_API_KEY": "secret", "AWS_SECRET": "secret", "HOME": "/wrong", "LD_PRELOAD": "x",
}  # fmt: skip
ACCOUNT = Account("ann", "/home/ann", "/bin/zsh")


def test_only_what_is_known_to_be_harmless_is_passed_on() -> None:
    env = for_command(OWN, ACCOUNT, "c", {})
    assert env == {
        "PATH": "/opt/bin", "LANG": "de_DE.UTF-8", "LC_TIME": "C", "TZ": "Europe/Berlin",
        "USER": "ann", "LOGNAME": "ann", "HOME": "/home/ann", "SHELL": "/bin/zsh",
        "TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat", "SYSTEMD_PAGER": "",
        "GIT_TERMINAL_PROMPT": "0", "DEBIAN_FRONTEND": "noninteractive", COOKIE: "c",
    }  # fmt: skip


def test_an_order_may_add_and_replace_but_not_unmark() -> None:
    env = for_command(OWN, ACCOUNT, "c", {"PAGER": "less", "LD_PRELOAD": "y", COOKIE: "forged"})
    assert (env["PAGER"], env["LD_PRELOAD"], env[COOKIE]) == ("less", "y", "c")


def test_a_terminal_is_attended() -> None:
    env = for_terminal(OWN, ACCOUNT, "c", "screen-256color")
    assert env["TERM"] == "screen-256color"
    assert "PAGER" not in env
    assert "secret" not in env.values()


def test_there_is_always_a_path() -> None:
    assert "/usr/bin" in for_command({}, ACCOUNT, "c", {})["PATH"]
