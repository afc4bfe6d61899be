"""Units: what people write becomes SI, and what cannot be meant is refused with what would be right."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.units import Dimension, base_unit, format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("4.8 TB/s", Dimension.BANDWIDTH, 4.8e12),
        ("400 Gb/s", Dimension.BANDWIDTH, 50e9),
        ("21 PB/s", Dimension.BANDWIDTH, 21e15),
        ("80 GiB", Dimension.BYTES, 80 * 2**30),
        ("141 GB", Dimension.BYTES, 141e9),
        ("989 TFLOPS", Dimension.FLOPS, 989e12),
        ("1.2 PFLOP/s", Dimension.FLOPS, 1.2e15),
        ("40 TOPS", Dimension.FLOPS, 40e12),
        ("700 W", Dimension.POWER, 700),
        ("1MW", Dimension.POWER, 1e6),
        ("400 kw", Dimension.POWER, 400e3),
        ("200 ms", Dimension.DURATION, 0.2),
        ("3 us", Dimension.DURATION, 3e-6),
        ("1.5h", Dimension.DURATION, 5400),
        ("1 month", Dimension.DURATION, 730 * 3600),
        ("2 years", Dimension.DURATION, 2 * 8760 * 3600),
        ("5 years", Dimension.YEARS, 5),
        ("312700 USD", Dimension.MONEY, 312700),
        ("$312,700", Dimension.MONEY, 312700),
        ("USD 1_000", Dimension.MONEY, 1000),
        ("$250k", Dimension.MONEY, 250e3),
        ("3.4 MUSD", Dimension.MONEY, 3.4e6),
        ("0.12 USD/kWh", Dimension.ENERGY_PRICE, 0.12),
        ("$120/MWh", Dimension.ENERGY_PRICE, 0.12),
        ("9 cent/kWh", Dimension.ENERGY_PRICE, 0.09),
        ("184.06 USD/kW/month", Dimension.POWER_PRICE, 184.06),
        ("184.06 USD/kW-month", Dimension.POWER_PRICE, 184.06),
        ("1200 USD per kW per year", Dimension.POWER_PRICE, 100),
        ("2.95 USD/h", Dimension.MONEY_PER_HOUR, 2.95),
        ("$730/month", Dimension.MONEY_PER_HOUR, 1),
        ("4500 USD/year", Dimension.MONEY_PER_YEAR, 4500),
        ("10 MUSD/MW", Dimension.CAPACITY_COST, 10),
        ("0.79 USD/Mtok", Dimension.TOKEN_PRICE, 0.79),
        ("350 g/kWh", Dimension.CARBON, 350),
        ("350 kg/MWh", Dimension.CARBON, 350),
        ("12 %", Dimension.FRACTION, 0.12),
        ("12%", Dimension.FRACTION, 0.12),
        (0.12, Dimension.FRACTION, 0.12),
        ("8 %/year", Dimension.FRACTION_PER_YEAR, 0.08),
        ("5 requests/s", Dimension.REQUEST_RATE, 5),
        ("5 rps", Dimension.REQUEST_RATE, 5),
        ("120 requests/min", Dimension.REQUEST_RATE, 2),
        ("86400 requests/day", Dimension.REQUEST_RATE, 1),
        ("8192 tokens", Dimension.TOKENS, 8192),
        (8192, Dimension.TOKENS, 8192),
        ("2 Mtok", Dimension.TOKENS, 2e6),
        ("35 tok/s", Dimension.TOKEN_RATE, 35),
        ("1.1 billion", Dimension.COUNT, 1.1e9),
    ],
)
def test_what_people_write_is_read_exactly(text: str | float, dimension: Dimension, expected: float) -> None:
    assert parse_quantity(text, dimension) == expected


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("400 parsec", Dimension.POWER, "'400 parsec' is not a power; write for example '400 kW' (W, kW, MW, GW)"),
        ("400", Dimension.POWER, "'400' has no unit; write for example '400 kW' (W, kW, MW, GW)"),
        (400, Dimension.POWER, "'400' has no unit"),
        ("400 mw", Dimension.POWER, "'400 mw' could mean MW or mW"),
        ("80 gb", Dimension.BYTES, "could mean GB or Gb"),
        ("-4 kW", Dimension.POWER, "is negative"),
        ("nan W", Dimension.POWER, "is not a power"),
        ("inf W", Dimension.POWER, "is not a power"),
        ("", Dimension.POWER, "is not a power"),
        ("kW", Dimension.POWER, "is not a power"),
        ("1,5 kW", Dimension.POWER, "has a comma"),
        ("1e400 W", Dimension.POWER, "too large"),
        ("4 kW extra", Dimension.POWER, "is not a power"),
        ("10 EUR", Dimension.MONEY, "is not an amount of money"),
        ("5 m", Dimension.DURATION, "is not a duration"),
        (True, Dimension.FRACTION, "'True' is not a fraction"),
        (None, Dimension.POWER, "'None' is not a power"),
        (math.nan, Dimension.FRACTION, "nan is not a number that can be used"),
        (10**400, Dimension.COUNT, "too large"),
        ("8k", Dimension.TOKENS, "is not a number of tokens"),
        ("9" * 500 + " W", Dimension.POWER, "is not a power"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_would_be_right(text: object, dimension: Dimension, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse_quantity(text, dimension)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300


def test_a_sign_is_taken_only_where_it_was_allowed() -> None:
    assert parse_quantity("-5 %", Dimension.FRACTION, signed=True) == -0.05


@given(st.floats(min_value=1e-3, max_value=1e9), st.sampled_from(list(Dimension)))
def test_a_shown_quantity_reads_back_as_itself(value: float, dimension: Dimension) -> None:
    """Formatting keeps four significant digits, so reading back is within one part in a thousand."""
    read = parse_quantity(format_quantity(value, dimension), dimension)
    assert read == pytest.approx(value, rel=1e-3)


@given(st.text(max_size=80), st.sampled_from(list(Dimension)))
def test_no_text_at_all_can_break_the_reader(text: str, dimension: Dimension) -> None:
    """Every text either reads as a finite, non-negative number or is refused with ValueError."""
    try:
        value = parse_quantity(text, dimension)
    except ValueError:
        return
    assert math.isfinite(value)
    assert value >= 0


@pytest.mark.parametrize(
    ("value", "dimension", "shown"),
    [
        (80 * 2**30, Dimension.BYTES, "80 GiB"),
        (4.8e12, Dimension.BANDWIDTH, "4.8 TB/s"),
        (10200, Dimension.POWER, "10.2 kW"),
        (0.12, Dimension.FRACTION, "12 %"),
        (312667, Dimension.MONEY, "312667 USD"),
        (0.0, Dimension.POWER, "0 W"),
        (671e9, Dimension.COUNT, "671 billion"),
        (151936.0, Dimension.COUNT, "151936"),
    ],
)
def test_quantities_are_shown_as_people_write_them(value: float, dimension: Dimension, shown: str) -> None:
    assert format_quantity(value, dimension) == shown


def test_every_dimension_has_a_base_unit_that_reads_as_one() -> None:
    for dimension in Dimension:
        if unit := base_unit(dimension).replace("1/year", ""):
            assert parse_quantity(f"1 {unit}", dimension) == 1
