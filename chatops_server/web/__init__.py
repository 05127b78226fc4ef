"""How it is asked: aiohttp lives here and nowhere else in the hub."""
