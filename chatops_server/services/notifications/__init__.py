"""Notifications: from an alert to a channel, at least once."""
