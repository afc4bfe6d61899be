"""How fast: operations, bytes and links become seconds, tokens per second and watts, each with an interval."""
