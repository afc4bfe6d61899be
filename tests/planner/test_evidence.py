"""Why a plan can be believed: prices at which others would enter, worth of limits, and why there is no plan where there is none."""

from __future__ import annotations

import pytest

from catalog.items import Catalog
from planner.answer.allowance import Allowance
from planner.answer.entry import Basis, Probe, break_even, entry_prices
from planner.answer.evidence import chosen_systems
from planner.answer.limits import binding_limits
from planner.answer.worth import raised
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.plan.evidence import SystemRow
from planner.program.solve import solve_instance
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

QUICK = {"gap": "1 %", "time_limit": "60 s"}
SITE = SMALL["sites"][0]
CHAT = SMALL["workloads"][0]
A100 = "nvidia-a100-sxm-80g/dgx-hgx-a100-8-gpu-server"
H100 = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"
B300 = "nvidia-b300-sxm/dgx-b300-8-gpu-server"
SNAPPY = {"ttft": {"limit": "10 ms", "percentile": 95.0}, "tpot": {"limit": "1 ms", "percentile": 95.0}}


def row_of(plan: Plan, system: str) -> SystemRow:
    return next(row for row in plan.evidence.considered if row.system == system)


@pytest.fixture(scope="module")
def one_kind(catalog: Catalog) -> Plan:
    """Return the plan of a question with one chosen kind; B300 has watts but no price."""
    hardware = {
        "include": ["nvidia-h100-sxm", "nvidia-b300-sxm", "nvidia-a100-sxm-80g"],
        "price_book": {H100: {"purchase": "100000 USD"}},
    }
    return make_plan(small(solver=QUICK, hardware=hardware), catalog)


def test_the_break_even_of_a_known_case():
    """Without: 100. With: 40 and one unit, or 10 and two; break-even is max(60/1, 90/2) = 60, though two units start the search."""

    class Two:
        noise = 1e-9
        has_one = False

        def __call__(self, system: str, price_usd: float | None) -> Probe:
            if price_usd is None:
                return Probe(100.0, 0.0)
            return min((Probe(40.0 + price_usd, 1.0), Probe(10.0 + 2 * price_usd, 2.0)), key=lambda probe: probe.usd)

    assert break_even(Two(), "any") == pytest.approx(60.0)


@pytest.mark.parametrize("start", [0.0, 30.0, 60.0, 500.0])
def test_with_a_unit_at_any_price_the_search_may_start_anywhere(start: float):
    """As above, and one unit must be there: from 500 the first step leads to 60 at once; from nothing over 45 to 60."""

    class One:
        noise = 1e-9
        has_one = True

        def __call__(self, system: str, price_usd: float | None) -> Probe:
            if price_usd is None:
                return Probe(100.0, 0.0)
            return min((Probe(40.0 + price_usd, 1.0), Probe(10.0 + 2 * price_usd, 2.0)), key=lambda probe: probe.usd)

    assert break_even(One(), "any", start) == pytest.approx(60.0)


def test_a_first_step_below_nothing_is_no_answer():
    """Without it 100. At 300 one unit and dear help is best, 160 in all: the step leads below nothing, and from there to 30."""

    class Steep:
        noise = 1e-9
        has_one = True

        def __call__(self, system: str, price_usd: float | None) -> Probe:
            if price_usd is None:
                return Probe(100.0, 0.0)
            return min((Probe(100.0 + 0.2 * price_usd, 0.2), Probe(70.0 + price_usd, 1.0)), key=lambda probe: probe.usd)

    assert break_even(Steep(), "any", 300.0) == pytest.approx(30.0)


def test_a_whole_unit_that_costs_more_than_it_saves_pays_at_no_price():
    """Without it 100; with one unit 120 and its price."""

    class Large:
        noise = 1e-9
        has_one = True

        def __call__(self, system: str, price_usd: float | None) -> Probe:
            return Probe(100.0, 0.0) if price_usd is None else Probe(120.0 + price_usd, 1.0)

    assert break_even(Large(), "any", 50.0) is None


def test_what_helps_at_no_price_has_none():
    class Useless:
        noise = 1e-9
        has_one = False

        def __call__(self, system: str, price_usd: float | None) -> Probe:
            return Probe(100.0, 0.0)

    assert break_even(Useless(), "any") is None


def test_a_system_without_a_price_gets_the_highest_at_which_it_would_be_bought(one_kind: Plan):
    row = row_of(one_kind, B300)
    assert not row.chosen
    assert row.price_usd is None
    assert row.entry_price_usd > 0
    assert "would be bought up to about" in row.reason


def test_a_dearer_system_says_where_it_would_enter(one_kind: Plan):
    row = row_of(one_kind, A100)
    assert not row.chosen
    assert row.entry_price_usd < row.price_usd
    assert row.reason == f"dearer: {row.price_usd:,.0f} USD, would enter at about {row.entry_price_usd:,.0f} USD"


@pytest.mark.slow
def test_below_its_exact_entry_price_a_system_is_bought_and_above_it_is_not(catalog: Catalog):
    """The price asked of the program, given back to it: 5 % less is bought, 5 % more is not."""
    include = ["nvidia-h100-sxm", "nvidia-a100-sxm-80g"]
    one_year = {"start": "2027-01-01", "periods": 1, "period": "year"}
    asked = {"horizon": one_year, "demand": {"classes": 1, "blocks": 1}, "solver": {"gap": 1e-4, "time_limit": "120 s"}}
    book = {H100: {"purchase": "100000 USD"}}
    context = solved(small(**asked, hardware={"include": include, "price_book": book}), catalog)
    chosen = chosen_systems(context)
    entry = entry_prices(context, chosen, Allowance("test", 300.0), exact=True).entries[A100]
    assert entry.basis is Basis.SOLVED
    for factor in (0.95, 1.05):
        priced = book | {A100: {"purchase": f"{entry.price_usd * factor} USD"}}
        again = solved(small(**asked, hardware={"include": include, "price_book": priced}), catalog)
        assert (A100 in chosen_systems(again)) == (factor < 1)


def test_a_share_that_binds_is_worth_what_more_of_it_saves(catalog: Catalog):
    """A cap of 60 % per vendor costs money; the plan says so, and five points more are never dearer."""
    amd = "amd-mi300x/8-oam-server"
    cheap = {amd: {"power": "10 kW", "purchase": "60000 USD"}}
    hardware = {"include": ["nvidia-h100-sxm", "amd-mi300x"], "price_book": cheap}
    scenario = small(solver=QUICK, hardware=hardware, policy={"largest_vendor_share": 0.6})
    context = solved(scenario, catalog)
    plan = make_plan(scenario, catalog)
    row = next(row for row in plan.evidence.limits if row.family == "vendor" and row.binding)
    assert row.have == pytest.approx(60.0)
    assert row.used <= 60.0 + 1e-6
    assert row.worth_usd > 0
    asked = next(one for one in binding_limits(context) if one.slack.family == "vendor")
    more = solve_instance(raised(context.instance, "vendor", asked.place, 0.4))
    assert more.objective_usd < context.solution.objective_usd


def test_a_promise_that_nothing_can_keep_says_the_best_there_is(catalog: Catalog):
    plan = make_plan(small(solver=QUICK, workloads=[CHAT | {"sla": SNAPPY}]), catalog)
    assert plan.solve.outcome == "infeasible"
    ttft, tpot = (next(row for row in plan.evidence.changes if name in row.label) for name in ("TTFT", "TPOT"))
    assert (ttft.have, tpot.have) == (0.01, 0.001)
    assert ttft.need > 0.01
    assert tpot.need > 0.001
    assert any("TTFT p95 10 ms at" in line and "best any listed system can do is" in line for line in plan.evidence.reasons)
    assert len(set(plan.evidence.reasons)) == len(plan.evidence.reasons)


def test_a_promise_at_its_best_value_is_no_longer_called_impossible(catalog: Catalog):
    """Promises twice as slow as the best of an idle replica can be kept: what was said to be needed was not too much."""
    plan = make_plan(small(solver=QUICK, workloads=[CHAT | {"sla": SNAPPY}]), catalog)
    need = {row.label.split()[1].lower(): row.need for row in plan.evidence.changes if row.family == "sla"}
    kept = {name: {"limit": f"{2 * value} s", "percentile": 95.0} for name, value in need.items()}
    again = make_plan(small(solver=QUICK, workloads=[CHAT | {"sla": kept}], sites=[SITE | {"power": "50 MW"}]), catalog)
    assert [row for row in again.evidence.changes if row.family == "sla"] == []


def test_without_anything_to_choose_from_the_plan_says_why(catalog: Catalog):
    plan = make_plan(small(solver=QUICK, hardware={"include": ["taalas-hc1"]}), catalog)
    assert plan.solve.outcome == "infeasible"
    assert any("price is not known" in line for line in plan.evidence.reasons)


def test_what_is_not_asked_is_not_answered(catalog: Catalog):
    scenario = small(solver=QUICK, explain={"prices": False, "comparisons": False})
    plan = make_plan(scenario, catalog)
    assert plan.evidence.comparisons == ()
    assert all(row.entry_price_usd is None for row in plan.evidence.considered)
    assert plan.solve.notes == ()


def test_what_is_needed_is_enough_and_hardly_less_would_do(catalog: Catalog):
    """The power that is said to be needed makes the scenario feasible; two per cent less does not."""
    asked = {"solver": QUICK, "explain": {"prices": False, "comparisons": False}, "demand": {"classes": 1, "blocks": 2}}
    plan = make_plan(small(sites=[SITE | {"power": "20 kW"}], **asked), catalog)
    need = next(row.need for row in plan.evidence.changes if row.family == "power")
    assert make_plan(small(sites=[SITE | {"power": f"{need * 1.0001} kW"}], **asked), catalog).found
    assert not make_plan(small(sites=[SITE | {"power": f"{need * 0.98} kW"}], **asked), catalog).found


def test_of_a_large_program_what_a_packed_plan_needs_is_told_beside_what_is_proved(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
):
    """Where replicas are made whole afterwards, `need` is what a plan was found with, and `least` what is proved."""
    monkeypatch.setattr("planner.answer.needs.whole_pools", lambda sets: False)
    asked = {"solver": QUICK, "explain": {"prices": False, "comparisons": False}, "demand": {"classes": 1, "blocks": 2}}
    plan = make_plan(small(sites=[SITE | {"power": "20 kW"}], **asked), catalog)
    row = next(row for row in plan.evidence.changes if row.family == "power")
    assert row.least is None or row.least < row.need
    assert ("no less than" in row.words) == (row.least is not None)
    assert make_plan(small(sites=[SITE | {"power": f"{row.need * 1.0001} kW"}], **asked), catalog).found


def test_without_a_plan_to_show_a_need_is_at_least(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("planner.answer.needs.whole_pools", lambda sets: False)
    monkeypatch.setattr("planner.answer.needs.ROOM", ())
    plan = make_plan(small(sites=[SITE | {"power": "20 kW"}], solver=QUICK), catalog)
    row = next(row for row in plan.evidence.changes if row.family == "power")
    assert row.least == row.need
    assert "need at least" in row.words


@pytest.mark.parametrize("family", ["capex", "supply"])
def test_needs_of_budget_and_supply_are_enough_and_hardly_less_would_do(catalog: Catalog, family: str):
    """Given to the scenario what is said to be needed makes it feasible; two per cent (or a unit) less does not."""

    def asked(amount: float) -> Plan:
        more = {"solver": QUICK, "explain": {"prices": False, "comparisons": False}, "demand": {"classes": 1, "blocks": 2}}
        more["horizon"] = {"start": "2027-01-01", "periods": 1, "period": "year"}
        more["hardware"] = {"include": ["nvidia-h100-sxm"], "price_book": {H100: {"purchase": "100000 USD"}}}
        if family == "capex":
            more["policy"] = {"budget_capex": f"{amount} USD"}
        else:
            more["hardware"]["price_book"][H100]["supply_per_period"] = round(amount)
        return make_plan(small(**more), catalog)

    need = next(row.need for row in asked(1.0).evidence.changes if row.family == family)
    assert asked(need * (1.0 + 1e-9)).found
    assert not asked(need * 0.98 if family == "capex" else need - 1).found


def test_without_a_plan_nothing_is_called_too_dear(catalog: Catalog):
    plan = make_plan(small(solver=QUICK, sites=[SITE | {"power": "20 kW"}]), catalog)
    assert all("dearer" not in row.reason for row in plan.evidence.considered)


def test_a_system_of_unknown_watts_is_priced_as_if_it_drew_its_chips_alone(catalog: Catalog):
    """It says what it assumes, and is no candidate; given those watts and half that price it is bought, at three times it not."""
    gaudi = "intel-gaudi3/8-accelerator-ubb-kit"
    plan = make_plan(small(solver=QUICK, hardware={"include": ["nvidia-h100-sxm", "intel-gaudi3"]}), catalog)
    row = row_of(plan, gaudi)
    assert not row.chosen
    assert row.power_w is None
    assert (row.entry_basis, row.entry_assumes) == ("relaxation", "drawing no more than its 8 chips (7.20 kW)")
    assert row.entry_price_usd > 0
    assert row.reason.startswith(
        "power of the unit is not known; give it in hardware.price_book; drawing no more than its 8 chips"
    )
    for factor in (0.5, 3.0):
        given = {"price_book": {gaudi: {"power": "7.2 kW", "purchase": f"{factor * row.entry_price_usd} USD"}}}
        hardware = {"include": ["nvidia-h100-sxm", "intel-gaudi3"], **given}
        again = make_plan(small(solver=QUICK, hardware=hardware, explain={"prices": False, "comparisons": False}), catalog)
        assert row_of(again, gaudi).chosen == (factor < 1)


def test_a_chip_wired_to_another_model_says_so_beside_its_missing_price(catalog: Catalog):
    plan = make_plan(small(solver=QUICK, hardware={"include": ["nvidia-h100-sxm", "taalas-hc1"]}), catalog)
    reasons = [row.reason for row in plan.evidence.considered if row.hardware == "taalas-hc1"]
    assert reasons
    assert all("wired in and cannot run llama-3.3-70b" in reason for reason in reasons)


def test_every_system_that_could_serve_has_a_price_in_a_large_program_too(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    """Beyond the size up to which everything is solved again, prices of the margin stand in; none is left without a figure."""
    monkeypatch.setattr("planner.answer.entry.SMALL_COLUMNS", 0)
    monkeypatch.setattr("planner.answer.entry.MOST_SOLVED_AGAIN", 1)
    hardware = {"include": ["nvidia-h100-sxm", "nvidia-b300-sxm", "nvidia-a100-sxm-80g"]}
    plan = make_plan(small(solver=QUICK, hardware=hardware | {"price_book": {H100: {"purchase": "100000 USD"}}}), catalog)
    assert [row_of(plan, name).entry_basis for name in (A100, B300)] == ["relaxation", "margin"]
    assert all("dearer than the alternatives" not in row.reason for row in plan.evidence.considered)
