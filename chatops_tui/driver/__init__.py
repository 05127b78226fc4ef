"""What really goes down the wire: only changed cells, and nothing while the wire is full."""
