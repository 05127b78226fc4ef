"""What is kept: the storage Protocol, SQL written once, and the engines that run it."""
