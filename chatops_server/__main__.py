"""`python -m chatops_server`."""

import sys

from chatops_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
