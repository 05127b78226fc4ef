"""Where the figures of a sample come from, one module a source; `sampling` puts them together."""
