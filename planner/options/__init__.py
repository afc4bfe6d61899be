"""Demand, physics and prices joined into one table: a row is one thing that can be deployed."""
