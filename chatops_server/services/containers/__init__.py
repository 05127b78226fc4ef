"""What can be asked of container engines through their agents."""
