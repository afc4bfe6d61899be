"""The relaxation of a very large program, period by period: a fleet that pays for units, and periods that pay the fleet for them.

What a period routes touches other periods only through the units that are there. So the program falls into one part of units
(bought, rented, kept) and one per period of routing, joined by "no more than is present". Prices of a unit for a period pass
between them (Dantzig and Wolfe, Operations Research 8, 1960): a period answers prices with the cheapest routing and the units
that it takes, the fleet answers the routings so far with the cheapest mix of them and new prices. Any prices give duals of the
whole program, and those a bound by arithmetic alone (`relaxation.safe_bound`): whatever is done here, no bound is too high.
"""
