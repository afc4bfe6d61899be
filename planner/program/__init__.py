"""The integer program: what to buy, rent, place and when, at least cost.

It knows money coefficients, capacities, watts, racks and rates. It does not know what a token is, nor finance.
"""
