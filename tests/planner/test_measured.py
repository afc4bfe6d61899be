"""A measured table replaces the model, number by number."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.items import Catalog
from planner.errors import InputError
from planner.pipeline import make_plan
from tests.planner.conftest import SMALL, small

HEADER = "hardware,model,role,chips,weights,kv,capacity_rps,request_class\n"
LINES = "nvidia-h200-sxm,llama-3.3-70b,aggregated,2,fp8,bf16,{rate},chat/00\nNVIDIA H200 SXM,llama3.3-70b,aggregated,2,fp8,bf16,{rate},chat/01\n"


def measured(folder: Path, text: str) -> dict[str, object]:
    (folder / "bench.csv").write_text(text, encoding="utf-8")
    return {"performance": {"measured": "bench.csv"}}


def test_the_program_uses_exactly_the_measured_capacities(catalog: Catalog, tmp_path: Path):
    """150 requests/s grow by 30 %; at 10 requests/s for 2 chips the busiest minute needs ceil(rate / 10) replicas of a quarter server."""
    plan = make_plan(small(**measured(tmp_path, HEADER + LINES.format(rate=10))), catalog, folder=tmp_path)
    assert plan.found
    assert {pool.option.split("|")[2] for pool in plan.pools} == {"nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard"}
    for row in plan.pools:
        asked = dict.fromkeys(range(len(plan.blocks)), 0.0)
        for demand in plan.demand:
            if demand.period == row.period:
                asked[demand.block] += demand.peak_rps / 10
        assert row.load_by_block == pytest.approx(list(asked.values()), rel=1e-6)


def test_twice_the_measured_capacity_halves_the_load(catalog: Catalog, tmp_path: Path):
    loads = []
    for rate in (10, 20):
        plan = make_plan(small(**measured(tmp_path, HEADER + LINES.format(rate=rate))), catalog, folder=tmp_path)
        loads.append(max(plan.pools[0].load_by_block))
    assert loads[0] == pytest.approx(2 * loads[1], rel=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hardware,model\n", "lacks role, chips, capacity_rps"),
        (HEADER + "nvidia-h200-smx,llama-3.3-70b,aggregated,2,fp8,bf16,10,chat/00\n", "nvidia-h200-sxm"),
        (HEADER + "nvidia-h200-sxm,llama-3.3-70b,both,2,fp8,bf16,10,chat/00\n", "line 2: role: 'both' must be one of"),
        (HEADER + "nvidia-h200-sxm,llama-3.3-70b,aggregated,0,fp8,bf16,nan,chat/00\n", "capacity_rps: 'nan' must be a number"),
    ],
)
def test_a_broken_table_names_line_and_mend(catalog: Catalog, tmp_path: Path, text: str, words: str):
    with pytest.raises(InputError, match=words):
        make_plan(small(**measured(tmp_path, text)), catalog, folder=tmp_path)


def test_a_missing_table_is_named(catalog: Catalog, tmp_path: Path):
    scenario = small(performance={"measured": "nowhere.csv"})
    assert SMALL["id"] == scenario.id
    with pytest.raises(InputError, match=r"nowhere\.csv.*cannot be read"):
        make_plan(scenario, catalog, folder=tmp_path)
