"""The UI in a browser: textual-serve shows it, and nobody gets to it but by the hub's own login."""
