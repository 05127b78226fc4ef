"""How the terminal side talks to a hub: REST, session, live feed. Knows no Textual.

`connect.open_hub` gives all three; importing this package alone costs nothing (aiohttp comes with `connect`).
"""
