"""Alerts as pure functions: when one begins and ends, what covers it, and what is said of it."""
