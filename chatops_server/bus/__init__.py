"""What hubs say to each other: hints and questions over NATS, or within the process. No storage."""
