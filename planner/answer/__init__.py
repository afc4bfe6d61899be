"""What the integer program answered, as a plan that people can read, check and argue with."""
