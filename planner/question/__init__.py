"""What the integer program is asked: a scenario, its demand, its options and its costs, as one instance."""
