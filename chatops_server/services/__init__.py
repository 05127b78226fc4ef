"""What is done: one use case a module, over storage and the broker."""
