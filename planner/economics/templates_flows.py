"""Cost lines of what is rented, bought by the token, financed, sold or left undone."""

from __future__ import annotations

from planner.economics.discounting import Timing
from planner.economics.lines import At, Driver, Factor, Group, LineTemplate

PRICE = Factor("purchase_usd", ("item",))
INDEX = Factor("price_index", ("item",))
INDEX_PAID = Factor("price_index", ("item",), At.COHORT)
MONTHS = Factor("months_per_period")
HOURS = Factor("hours_per_period")
FINANCED = Factor("financed_share")
RENT_RATE = Factor("rent_usd_unit_hour", ("item",))
RENT_INDEX = Factor("rent_index", ("item",))
UPFRONT = Factor("upfront_share", ("item",))

RENT_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="rent.on_demand",
        group=Group.RENT,
        label="Rent on demand",
        formula="unit-hours × rent of a unit-hour × rent index",
        driver=Driver.UNIT_HOURS_ON_DEMAND,
        factors=(RENT_RATE, RENT_INDEX),
    ),
    LineTemplate(
        id="rent.upfront",
        group=Group.RENT,
        label="Rent prepaid with a commitment",
        formula="units committed × rent of a unit-hour × rent index × upfront share × hours of the commitment",
        driver=Driver.UNITS_COMMITTED,
        factors=(RENT_RATE, RENT_INDEX, UPFRONT, Factor("commitment_hours", ("item",))),
        timing=Timing.START,
        why_off="commitments are billed as they run; state upfront_share",
        enabled_by="upfront_share",
    ),
    LineTemplate(
        id="rent.reserved",
        group=Group.RENT,
        label="Rent under commitment",
        formula="units reserved × rent of a unit-hour × rent index × share not prepaid × hours per period",
        driver=Driver.UNITS_RESERVED,
        factors=(RENT_RATE, RENT_INDEX, Factor("running_share", ("item",)), HOURS),
    ),
    LineTemplate(
        id="rent.lease",
        group=Group.RENT,
        label="Lease",
        formula="units leased × lease of a unit-month × months per period",
        driver=Driver.UNITS_LEASED,
        factors=(Factor("lease_usd_unit_month", ("item",)), MONTHS),
    ),
    LineTemplate(
        id="rent.overhead",
        group=Group.RENT,
        label="Cloud storage, egress, management",
        formula="unit-hours on demand × rent of a unit-hour × rent_overhead_share",
        driver=Driver.UNIT_HOURS_ON_DEMAND,
        factors=(RENT_RATE, Factor("rent_overhead_share")),
        why_off="depends on the traffic; public estimates say 30-50 % of the rent; state rent_overhead_share",
        enabled_by="rent_overhead_share",
    ),
)


def _tokens(kind: str, driver: Driver) -> LineTemplate:
    return LineTemplate(
        id=f"tokens.{kind}",
        group=Group.TOKENS,
        label=f"Token API, {kind}",
        formula=f"million {kind} tokens × usd_mtok_{kind} × token price index",
        driver=driver,
        factors=(Factor(f"usd_mtok_{kind}", ("item",)), Factor("token_price_index", ("item",))),
    )


TOKEN_LINES: tuple[LineTemplate, ...] = (
    _tokens("input", Driver.MTOK_INPUT),
    _tokens("cached", Driver.MTOK_CACHED),
    _tokens("output", Driver.MTOK_OUTPUT),
)

NO_LOAN = "purchases are paid in cash; state financed_share"
FINANCING_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="financing.drawdown",
        group=Group.FINANCING,
        label="Loans drawn",
        formula="− units bought × price × price index × financed share",
        driver=Driver.UNITS_BOUGHT,
        factors=(PRICE, INDEX, FINANCED),
        timing=Timing.START,
        sign=-1,
        why_off=NO_LOAN,
        enabled_by="financed_share",
    ),
    LineTemplate(
        id="financing.repayment",
        group=Group.FINANCING,
        label="Loan payments",
        formula="units financed × price × price index when bought × financed share × payment per dollar and period",
        driver=Driver.UNITS_FINANCED,
        factors=(PRICE, INDEX_PAID, FINANCED, Factor("loan_payment_factor")),
        timing=Timing.END,
        why_off=NO_LOAN,
        enabled_by="financed_share",
    ),
    LineTemplate(
        id="financing.balance",
        group=Group.FINANCING,
        label="Loans outstanding at the horizon",
        formula="units bought × price × price index × financed share × balance per dollar at the horizon",
        driver=Driver.UNITS_BOUGHT,
        factors=(PRICE, INDEX, FINANCED, Factor("loan_balance", (), At.HORIZON_AGE)),
        timing=Timing.HORIZON,
        why_off=NO_LOAN,
        enabled_by="financed_share",
    ),
)

TERMINAL_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="terminal.resale",
        group=Group.TERMINAL,
        label="Resale of retired units",
        formula="− units retired × price × price index when bought × value at their age × share realised",
        driver=Driver.UNITS_RETIRED,
        factors=(
            PRICE,
            INDEX_PAID,
            Factor("value_by_age", ("item",), At.AGE),
            Factor("resale_share", ("item",)),
        ),
        timing=Timing.START,
        sign=-1,
    ),
    LineTemplate(
        id="terminal.residual",
        group=Group.TERMINAL,
        label="Value of owned units at the horizon",
        formula="− units kept × price × price index × value at their age at the horizon",
        driver=Driver.UNITS_KEPT,
        factors=(PRICE, INDEX_PAID, Factor("value_by_age", ("item",), At.HORIZON_AGE)),
        timing=Timing.HORIZON,
        sign=-1,
    ),
    LineTemplate(
        id="terminal.decommission",
        group=Group.TERMINAL,
        label="Decommissioning",
        formula="units bought × price × decommission_share, at the horizon",
        driver=Driver.UNITS_BOUGHT,
        factors=(PRICE, Factor("decommission_share", ("item",))),
        timing=Timing.HORIZON,
        why_off="rarely billed, no public figure; state decommission_share",
        enabled_by="decommission_share",
    ),
    LineTemplate(
        id="terminal.prepaid",
        group=Group.TERMINAL,
        label="Prepaid rent left at the horizon",
        formula="− units committed × rent of a unit-hour × rent index × upfront share × hours left at the horizon",
        driver=Driver.UNITS_COMMITTED,
        factors=(RENT_RATE, RENT_INDEX, UPFRONT, Factor("hours_beyond_horizon", ("item",))),
        timing=Timing.HORIZON,
        sign=-1,
        why_off="commitments are billed as they run; state upfront_share",
        enabled_by="upfront_share",
    ),
    LineTemplate(
        id="terminal.commitment",
        group=Group.TERMINAL,
        label="Rent still owed at the horizon",
        formula="units committed × rent of a unit-hour × rent index × share not prepaid × hours left × share that is lost",
        driver=Driver.UNITS_COMMITTED,
        factors=(
            RENT_RATE,
            RENT_INDEX,
            Factor("running_share", ("item",)),
            Factor("hours_beyond_horizon", ("item",)),
            Factor("commitment_lost_share"),
        ),
        timing=Timing.HORIZON,
        why_off="a commitment that outlives the plan is taken to be used; state commitment_lost_share",
        enabled_by="commitment_lost_share",
    ),
)

PENALTY_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="penalty.unserved",
        group=Group.PENALTY,
        label="Requests not served",
        formula="requests not served × unserved_usd_request",
        driver=Driver.UNSERVED_REQUESTS,
        factors=(Factor("unserved_usd_request", ("item",)),),
    ),
)
