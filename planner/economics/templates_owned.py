"""Cost lines of what is owned: purchase, and running it.

Sources of the structure: the union of cost lines in public models of inference cost (Lenovo LP2368; NVIDIA, "Benchmarking LLM
inference costs"; OpenCost; Epoch AI, "Training cost trends"). Prices and shares are assumptions with their own sources.
"""

from __future__ import annotations

from planner.economics.discounting import Timing
from planner.economics.lines import Driver, Factor, Group, LineTemplate

PRICE = Factor("purchase_usd", ("item",))
INDEX = Factor("price_index", ("item",))
YEARS = Factor("years_per_period")
MONTHS = Factor("months_per_period")
ACCELERATORS = Factor("accelerators", ("item",))
PUE = Factor("pue", ("site",))


def _of_price(name: str, label: str, share: str, why_off: str = "") -> LineTemplate:
    """Return a line that is a share of what the systems cost, paid with them."""
    return LineTemplate(
        id=f"capex.{name}",
        group=Group.CAPEX,
        label=label,
        formula=f"units bought × price × price index × {share}",
        driver=Driver.UNITS_BOUGHT,
        factors=(PRICE, INDEX, Factor(share, ("item",))),
        timing=Timing.START,
        why_off=why_off,
        enabled_by=share if why_off else "",
    )


def _yearly_of_price(name: str, label: str, share: str, why_off: str = "") -> LineTemplate:
    """Return a line that is a yearly share of the list price of what is owned."""
    return LineTemplate(
        id=f"opex.{name}",
        group=Group.OPEX,
        label=label,
        formula=f"units owned × price × {share} × years per period",
        driver=Driver.UNITS_OWNED,
        factors=(PRICE, Factor(share, ("item",)), YEARS),
        why_off=why_off,
        enabled_by=share if why_off else "",
    )


def _per_accelerator(name: str, label: str, rate: str, why_off: str = "") -> LineTemplate:
    """Return a line that is a yearly amount per accelerator owned."""
    return LineTemplate(
        id=f"opex.{name}",
        group=Group.OPEX,
        label=label,
        formula=f"units owned × accelerators per unit × {rate} × years per period",
        driver=Driver.UNITS_OWNED,
        factors=(ACCELERATORS, Factor(rate, ("item",)), YEARS),
        why_off=why_off,
        enabled_by=rate if why_off else "",
    )


CAPEX_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="capex.systems",
        group=Group.CAPEX,
        label="Systems",
        formula="units bought × price × price index",
        driver=Driver.UNITS_BOUGHT,
        factors=(PRICE, INDEX),
        timing=Timing.START,
    ),
    _of_price("network", "Network: switches, optics, cables", "network_share"),
    _of_price("storage", "Storage", "storage_share"),
    _of_price(
        "installation", "Installation and commissioning", "installation_share", "no public figure; state installation_share"
    ),
    _of_price("duties", "Sales tax, duty, freight", "duties_share", "depends on the buyer; state duties_share"),
    _of_price("spares", "Spare parts held", "spares_share", "spares are owned units where the policy asks for them"),
    LineTemplate(
        id="capex.implementation",
        group=Group.CAPEX,
        label="One-off implementation",
        formula="units bought × accelerators per unit × implementation_usd_accelerator",
        driver=Driver.UNITS_BOUGHT,
        factors=(ACCELERATORS, Factor("implementation_usd_accelerator")),
        timing=Timing.START,
        why_off="months of staff, different in every firm; state implementation_usd_accelerator",
        enabled_by="implementation_usd_accelerator",
    ),
    LineTemplate(
        id="capex.facility",
        group=Group.CAPEX,
        label="Own facility, built",
        formula="IT kW built × facility_usd_kw",
        driver=Driver.IT_KW_BUILT,
        factors=(Factor("facility_usd_kw", ("site",)),),
        timing=Timing.START,
        why_off="the sites exist; state facility_usd_kw to build",
        enabled_by="facility_usd_kw",
    ),
)

OPEX_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="opex.energy",
        group=Group.OPEX,
        label="Energy",
        formula="IT kWh in the block × PUE × tariff of the block × tariff index",
        driver=Driver.IT_KWH,
        factors=(PUE, Factor("tariff_usd_kwh", ("site", "block")), Factor("tariff_index", ("site",))),
    ),
    LineTemplate(
        id="opex.demand_charge",
        group=Group.OPEX,
        label="Demand charge",
        formula="peak IT kW × PUE × demand charge × months per period",
        driver=Driver.IT_KW_PEAK,
        factors=(PUE, Factor("demand_charge_usd_kw_month", ("site",)), MONTHS),
    ),
    LineTemplate(
        id="opex.colocation",
        group=Group.OPEX,
        label="Colocation",
        formula="contracted IT kW × colocation rate × months per period",
        driver=Driver.IT_KW_CONTRACTED,
        factors=(Factor("colocation_usd_kw_month", ("site",)), MONTHS),
    ),
    LineTemplate(
        id="opex.space",
        group=Group.OPEX,
        label="Space",
        formula="racks × rent of a rack position × years per period",
        driver=Driver.RACKS,
        factors=(Factor("rack_usd_year", ("site",)), YEARS),
    ),
    LineTemplate(
        id="opex.site",
        group=Group.OPEX,
        label="Fixed cost of a site: connectivity, visits",
        formula="sites in use × site_usd_month × months per period",
        driver=Driver.SITES,
        factors=(Factor("site_usd_month", ("site",)), MONTHS),
        why_off="no public figure; state site_usd_month",
        enabled_by="site_usd_month",
    ),
    _yearly_of_price("support", "Hardware support and repair", "support_share_year"),
    LineTemplate(
        id="opex.repair",
        group=Group.OPEX,
        label="Replacement of failed accelerators",
        formula="units owned × price × failures per accelerator-year × replacement share of price × years per period",
        driver=Driver.UNITS_OWNED,
        factors=(
            PRICE,
            Factor("failure_rate_year", ("item",)),
            Factor("replacement_share", ("item",)),
            YEARS,
        ),
        why_off="contained in hardware support; state replacement_share to count it apart",
        enabled_by="replacement_share",
    ),
    _per_accelerator(
        "software", "Software licences", "software_usd_accelerator_year", "an open serving stack; state the licence to count it"
    ),
    _per_accelerator("staff", "Staff", "staff_usd_accelerator_year"),
    LineTemplate(
        id="opex.site_staff",
        group=Group.OPEX,
        label="Staff of a site",
        formula="full-time staff × fte_usd_year × years per period",
        driver=Driver.FTE,
        factors=(Factor("fte_usd_year", ("site",)), YEARS),
        why_off="staff is counted per accelerator; state fte_usd_year to count people",
        enabled_by="fte_usd_year",
    ),
    _yearly_of_price("insurance", "Insurance and property tax", "insurance_share_year", "state insurance_share_year"),
    LineTemplate(
        id="opex.carbon_price",
        group=Group.OPEX,
        label="Price of carbon",
        formula="IT kWh × PUE × carbon intensity × carbon_usd_kg",
        driver=Driver.IT_KWH,
        factors=(PUE, Factor("carbon_kg_kwh", ("site",)), Factor("carbon_usd_kg")),
        why_off="no carbon price in the policy",
        enabled_by="carbon_usd_kg",
    ),
)
