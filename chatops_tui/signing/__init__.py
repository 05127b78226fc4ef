"""An operator's key, and what is signed with it."""
