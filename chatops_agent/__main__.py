"""`python -m chatops_agent`, for machines where the scripts are not on the path."""

import sys

from chatops_agent.cli import main

sys.exit(main())
