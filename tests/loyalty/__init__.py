"""The loyalty client: what goes out, what comes back, and what the pages leave open."""
