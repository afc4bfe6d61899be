"""Published measurements: reading rows, and what each says about deployment, load and metrics."""
