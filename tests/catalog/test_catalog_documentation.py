"""What docs/catalog.md shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.layers import SECTIONS
from catalog.load import load_catalog
from catalog.model_schema import ModelEntry
from catalog.schema import HardwareEntry

PAGE = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text()
(OVERLAY,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_overlay_of_the_page_loads_and_does_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "2026-11.yaml").write_text(OVERLAY)
    own, known = load_catalog(tmp_path), load_catalog()
    h200 = own.systems()["nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard"]
    assert h200.purchase_usd is not None
    assert h200.power_w is not None
    assert (h200.purchase_usd.value, h200.purchase_usd_low, h200.power_w.value, h200.racks) == (249_000.0, None, 9600.0, 0.25)
    server = own.systems()["nvidia-l40s/turnkey-8-gpu-class-server"]
    before = known.systems()["nvidia-l40s/turnkey-8-gpu-class-server"]
    assert server.purchase_usd is not None
    assert (server.purchase_usd.source, server.purchase_usd_low) == ("reseller-offer-17", before.purchase_usd_low)
    assert own.hardware["acme-one"].systems[0].racks == 0.05
    assert own.models["acme-7b"].params_total > 7e9
    assert own.tco["electricity_price.my_site"].value == 0.071


def test_the_page_names_every_section_and_every_field() -> None:
    for section in set(SECTIONS) - {"coefficients", "claims", "profiles"}:
        assert f"\n{section}:" in OVERLAY
    for schema in (HardwareEntry, ModelEntry):
        for name, field in schema.model_fields.items():
            if name not in ("note", "licence_source", "native_format", "max_context_extended", "source_note"):
                assert f"`{field.alias or name}`" in PAGE, name


def test_the_page_keeps_the_kinds_of_values_and_lists() -> None:
    for kind in ("datasheet", "independent-measurement", "vendor-claim", "press", "estimate", "user"):
        assert f"`{kind}`" in PAGE
    assert "hardware|models|systems|tco|profiles|sources" in PAGE
