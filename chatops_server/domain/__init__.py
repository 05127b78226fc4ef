"""What is true: decisions as pure functions; time and chance come as arguments."""
