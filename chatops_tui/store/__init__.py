"""What the terminal knows: wire events folded into rows and series. Pure; time comes as an argument."""
