"""Makes standard input the controlling terminal of this process and becomes another program.

`python -m chatops_server.ssh.in_terminal PROGRAM ARG...`: begun in a session of its own. It is a program of
its own because code between fork and exec must not run in a process with threads.
"""

import fcntl
import os
import sys
import termios

if __name__ == "__main__":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - without a shell is what is wanted
