"""Textual's driver for terminals, which writes nothing while the terminal is lent to another program."""

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver


class LentDriver(LinuxDriver):
    """What is written while the app is suspended is dropped.

    Textual's own hands it to a thread that has ended: into the other program's picture it does not get, but
    after thirty pieces it waits for ever, and with it the event loop.
    """

    _is_lent = False

    def write(self, data: str) -> None:
        """Write, unless somebody else has the terminal."""
        if not self._is_lent:
            super().write(data)

    def suspend_application_mode(self) -> None:
        """Give the terminal to somebody else."""
        super().suspend_application_mode()
        self._is_lent = True

    def resume_application_mode(self) -> None:
        """Have it again."""
        self._is_lent = False
        super().resume_application_mode()


def lendable(driver: type[Driver]) -> type[Driver]:
    """Return the driver to use in place of Textual's choice; others write to no terminal of ours."""
    return LentDriver if driver is LinuxDriver else driver
