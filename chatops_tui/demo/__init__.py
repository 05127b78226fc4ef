"""The one-command demo: a hub and an agent for this machine as processes, and the UI signed in to them."""
