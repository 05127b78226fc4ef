"""The UI over ssh: `ssh -p 2222 alice@hub` (extra `ssh`)."""
