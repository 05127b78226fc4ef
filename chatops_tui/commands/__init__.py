"""The jobs of the `chatops` command line, one module each; every one returns an ExitCode."""
