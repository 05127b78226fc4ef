"""The SQL and the decisions between two statements, written once for every engine."""
