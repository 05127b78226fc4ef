"""Commands: orders of the hub carried out, and their output on its way to it."""
