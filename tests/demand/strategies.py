"""What hypothesis draws for the demand room."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.demand.population import Population

N = 30
tokens = arrays(np.float64, N, elements=st.floats(1.0, 1e5))
shares = arrays(np.float64, N, elements=st.floats(0.0, 0.99))
weights = arrays(np.float64, N, elements=st.floats(0.01, 10.0))


@st.composite
def populations(draw: st.DrawFn) -> Population:
    """Draw thirty weighted requests with any lengths and cached shares."""
    i = draw(tokens)
    return Population.of(i, draw(tokens), draw(shares) * i, draw(weights))
