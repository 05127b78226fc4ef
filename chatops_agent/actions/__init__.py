"""What the hub may ask of this machine: commands, terminals, containers, log streams, where policy allows."""
