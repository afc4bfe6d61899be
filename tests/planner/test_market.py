"""Which systems may be chosen, and the reasons of those that may not."""

from __future__ import annotations

import pytest

from catalog.items import Catalog
from planner.errors import InputError
from planner.options.market import Market, survey
from tests.planner.conftest import SMALL, small

SITE = {"id": "hall", "power": "600 kW", "cooling": ["air"]}
B200 = "nvidia-b200-sxm/dgx-hgx-b200-8-gpu-server"
MI300X = "amd-mi300x/8-oam-server"
NVL72 = "nvidia-gb200-nvl72/rack-nvl72"


def reasons(market: Market) -> dict[str, str]:
    return {item.system.id: item.reason for item in market.left_out}


def test_a_system_without_a_known_power_is_left_out_until_the_price_book_gives_it(catalog: Catalog):
    hardware = {"include": ["amd-mi300x"]}
    assert "power of the unit is not known" in reasons(survey(small(hardware=hardware), catalog))[MI300X]
    book = {"price_book": {MI300X: {"power": "10 kW", "source": "my quote"}}}
    market = survey(small(hardware=hardware | book), catalog)
    assert [item.id for item in market.offerings] == [MI300X]
    assert market.offerings[0].power.value == 10_000.0
    assert market.offerings[0].power.source == "my quote"


def test_a_system_without_a_known_price_is_left_out(catalog: Catalog):
    market = survey(small(hardware={"include": ["nvidia-b300-sxm"]}), catalog)
    assert "price is not known" in reasons(market)["nvidia-b300-sxm/dgx-b300-8-gpu-server"]


def test_liquid_cooled_racks_need_liquid_cooling(catalog: Catalog):
    hardware = {"include": ["nvidia-gb200-nvl72"]}
    assert "needs liquid cooling" in reasons(survey(small(hardware=hardware), catalog))[NVL72]
    liquid = survey(small(hardware=hardware, sites=[SITE | {"cooling": ["liquid"]}]), catalog)
    assert NVL72 in {item.id for item in liquid.offerings}


def test_a_unit_above_the_power_budget_says_have_and_need(catalog: Catalog):
    market = survey(small(hardware={"include": [B200]}, sites=[SITE | {"power": "5 kW"}]), catalog)
    assert reasons(market)[B200] == "power: one unit draws 14.3 kW, site hall has 5.0 kW"


@pytest.mark.parametrize(("rack_power", "racks"), [("40 kW", 1 / 2), ("30 kW", 1 / 2), ("20 kW", 1.0), ("10 kW", 2.0)])
def test_units_share_racks_as_whole_numbers(catalog: Catalog, rack_power: str, racks: float):
    """A 14.3 kW server: two fit a 40 kW rack, two a 30 kW rack, one a 20 kW rack, and two 10 kW racks feed one."""
    market = survey(small(hardware={"include": [B200]}, sites=[SITE | {"rack_power": rack_power}]), catalog)
    assert market.offerings[0].racks_by_site == {"hall": pytest.approx(racks)}


def test_hardware_that_does_not_ship_needs_leave(catalog: Catalog):
    hardware = {"include": ["nvidia-vera-rubin-nvl72"], "allow_announced": False}
    assert all("not shipping" in reason for reason in reasons(survey(small(hardware=hardware), catalog)).values())


def test_an_unknown_name_is_answered_with_the_nearest(catalog: Catalog):
    with pytest.raises(
        InputError, match=r"hardware\.include\[0\]: the catalog has no 'nvidia-h100-smx'; did you mean 'nvidia-h100-sxm'"
    ):
        survey(small(hardware={"include": ["nvidia-h100-smx"]}), catalog)


def test_excluded_hardware_is_gone(catalog: Catalog):
    market = survey(small(hardware={"include": ["NVIDIA"], "exclude": ["nvidia-h100-sxm"]}), catalog)
    assert not [item for item in (*market.offerings, *market.left_out) if item.hardware.id == "nvidia-h100-sxm"]


def test_only_the_cheapest_of_equal_instances_is_rented(catalog: Catalog):
    content = SMALL | {"acquisition": {"buy": False, "rent": True}, "sites": []}
    market = survey(small(**{key: content[key] for key in ("acquisition", "sites")}), catalog)
    seen = [(item.hardware.id, item.system.chips) for item in market.offerings]
    assert len(seen) == len(set(seen)) > 3
    assert all(item.sites == ("cloud",) for item in market.offerings)
    assert any("dearer than" in reason for reason in reasons(market).values())
