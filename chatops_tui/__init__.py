"""The terminal: the UI and the `chatops` command line."""
