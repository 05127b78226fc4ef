"""Alerts: judged in memory on every sample, written down behind, told to whom it concerns."""
