"""What is said between agents, hub and clients: types, codec, codes. Standard library and msgspec only."""
