"""splitfleet's planner: from a scenario to a certified plan."""
