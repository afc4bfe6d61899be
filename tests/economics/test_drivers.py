"""From decisions to quantities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.drivers import commitment_series, ownership_series
from planner.economics.lines import Driver, DriverSeries
from planner.errors import InputError


def quantities(series: tuple[DriverSeries, ...]) -> dict[tuple[Driver, int | None], tuple[float, ...]]:
    """Return the quantities by driver and purchase period."""
    return {(one.driver, one.cohort): one.quantity for one in series}


def test_bought_owned_kept_and_retired() -> None:
    """Two bought, one more later; one of the first leaves in the third period."""
    found = quantities(ownership_series("dc", "box", [2, 1, 0], {(0, 2): 1}))
    assert found == {
        (Driver.UNITS_BOUGHT, None): (2, 1, 0),
        (Driver.UNITS_OWNED, None): (2, 3, 2),
        (Driver.UNITS_KEPT, None): (1, 1, 0),
        (Driver.UNITS_RETIRED, 0): (0, 0, 1),
    }


def test_units_owned_before_the_plan_are_a_purchase_period_of_their_own() -> None:
    """Five there, two leave at once, three are kept."""
    found = quantities(ownership_series("dc", "box", [0, 0], {(-3, 0): 2}, opening_units=5, opening_age_periods=3))
    assert found[Driver.UNITS_OWNED, None] == (3, 3)
    assert found[Driver.UNITS_RETIRED, -3] == (2, 0)
    assert found[Driver.UNITS_KEPT, -3] == (3, 0)


def test_a_unit_leaves_when_its_life_is_over() -> None:
    """Life of two periods: the first purchase is gone in the third, the second in the fourth."""
    found = quantities(ownership_series("dc", "box", [2, 1, 0, 0], {(0, 1): 1}, life_periods=2))
    assert found[Driver.UNITS_OWNED, None] == (2, 2, 1, 0)
    assert found[Driver.UNITS_RETIRED, 0] == (0, 1, 1, 0)
    assert found[Driver.UNITS_RETIRED, 1] == (0, 0, 0, 1)
    assert (Driver.UNITS_KEPT, None) not in found


def test_what_was_there_leaves_when_its_own_life_is_over() -> None:
    """Three more periods were left to it."""
    found = quantities(ownership_series("dc", "box", [0] * 4, opening_units=2, opening_life_periods=3, life_periods=9))
    assert found[Driver.UNITS_OWNED, None] == (2, 2, 2, 0)


def test_a_loan_is_paid_even_where_the_unit_has_left() -> None:
    """Two payments after each purchase."""
    found = quantities(ownership_series("dc", "box", [1, 0, 2, 0], {(0, 1): 1}, loan_periods=2))
    assert found[Driver.UNITS_FINANCED, 0] == (1, 1, 0, 0)
    assert found[Driver.UNITS_FINANCED, 2] == (0, 0, 2, 2)


@pytest.mark.parametrize("retired", [{(0, 1): 3}, {(1, 1): 1}, {(0, 5): 1}, {(0, -1): 1}, {(-1, 0): 1}])
def test_more_cannot_leave_than_was_there_nor_before_it_came(retired: dict[tuple[int, int], float]) -> None:
    """Two were bought at the start, nothing was owned before."""
    with pytest.raises(InputError, match="box: "):
        ownership_series("dc", "box", [2, 0], retired)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=10), st.integers(1, 12), st.integers(0, 9))
def test_every_unit_is_kept_or_leaves(bought: list[int], life: int, opening: int) -> None:
    """Kept + retired = bought + there before, and what is owned at the end is what is kept."""
    found = ownership_series("dc", "box", bought, opening_units=opening, life_periods=life, opening_life_periods=2)
    total = {driver: sum(sum(one.quantity) for one in found if one.driver is driver) for driver in Driver}
    assert total[Driver.UNITS_KEPT] + total[Driver.UNITS_RETIRED] == sum(bought) + opening
    owned = next((one.quantity for one in found if one.driver is Driver.UNITS_OWNED), (0.0,) * len(bought))
    assert owned[-1] == total[Driver.UNITS_KEPT]
    assert np.all(np.asarray(owned) >= 0)


def test_commitments_run_for_their_term() -> None:
    """Three signed, two periods each; the last outlives the plan."""
    committed, reserved = commitment_series("cloud", "offer", [3, 0, 0, 1], 2)
    assert committed.quantity == (3, 0, 0, 1)
    assert reserved.quantity == (3, 3, 0, 1)
