"""Whatever a user typed is text in the workbook: never a formula, a link or a broken file."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sample_plans import Size, infeasible_plan, sample_plan

from reports.text import CELL_LIMIT, cell_text, clean, csv_text, header_text, looks_like_formula, sheet_name
from reports.workbook import write_workbook

STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    " =",
    "|",
    "%",
    "＝",
    "＋",
    "－",
    "＠",
    "{=",
    "'=",
    '"=',
    "\u200b=",
    "\ufeff=",
    "\u00a0=",
]
BODIES = [
    "1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://example.com","x")', "SUM(A1:A9)", "DDE('a';'b')", "WEBSERVICE(A1)",
    "IMPORTXML(A1)", "2+5+cmd|'/c calc'!A", "A1", "internal:Sheet!A1", "#REF!", "{1;2}", "@SUM(1)", "INDIRECT(A1)", "1e999",
]  # fmt: skip
ODD = [
    "\x00\x01\x07", "\ud800", "\udfff tail", "a\ud83dz", "_x0041_", "_x000D_", "x" * 40_000, "😀" * 20_000, "<f>1</f>", "]]>", "&amp;",
    "#N/A", "TRUE", "1e3", "007", "2027-01-01", "http://example.com", "mailto:a@b.c", "\u202e", "\ufffe", "", " ", "\n\n", "History",
    "[]:*?/\\", "'quoted'", "a" * 32_767, "a" * 32_768, "&P&N&D", "~*?", "100%", "-5", "+44 20", "=",
]  # fmt: skip
PAYLOADS = (
    [start + body for start, body in itertools.product(STARTS, BODIES)]
    + [f"{body}{start}" for start, body in itertools.product(STARTS[:6], BODIES)]
    + ["(" + body for body in BODIES * 6]
    + ODD
)

FUNCTIONS = {b"SUM", b"SUMIF", b"SUMPRODUCT", b"COUNTIF", b"IF", b"MIN", b"MAX", b"ABS", b"INDEX", b"NOT"}


def test_there_are_five_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) >= 400
    assert len(PAYLOADS) >= 500


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("seed", range(6))
def test_hostile_words_add_no_formula_link_or_part(tmp_path: Path, seed: int) -> None:
    """The workbook of the same numbers with plain and with hostile words has the same formulas, and every word stays text."""
    size = Size(periods=3, workloads=2, sites=2, systems=3, blocks=2, classes=2)
    hostile = PAYLOADS[seed::6]
    plan = sample_plan(seed, size, hostile=hostile)
    write_workbook(plan, tmp_path / "hostile.xlsx", written=date(2027, 1, 1))
    content = parts(tmp_path / "hostile.xlsx")
    sheets = {name: part for name, part in content.items() if name.startswith("xl/worksheets/sheet")}
    for part in sheets.values():
        formulas = re.findall(rb"<f>(.*?)</f>", part, re.DOTALL)
        assert len(formulas) == part.count(b"<f>")
        names = {name for formula in formulas for name in re.findall(rb"([A-Z]+)\(", formula)}
        assert names <= FUNCTIONS
        assert not any(b"|" in formula or b"http" in formula for formula in formulas)
        assert b"<hyperlink" not in part
    assert not [name for name in content if re.search(r"external|vba|connection|dde", name, re.IGNORECASE)]
    for part in (content[name] for name in content if name.endswith(".xml")):
        ET.fromstring(part)
    book = openpyxl.load_workbook(tmp_path / "hostile.xlsx")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.data_type != "f":
                    assert cell.data_type in ("s", "inlineStr")
                    assert len(cell.value) <= CELL_LIMIT + 8
                    assert not looks_like_formula(cell.value) or cell.quotePrefix or cell.column_letter == "B"


def test_an_infeasible_plan_with_hostile_words_is_written(tmp_path: Path) -> None:
    write_workbook(infeasible_plan(1, hostile=PAYLOADS), tmp_path / "report.xlsx", written=date(2027, 1, 1))
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames[0] == "Cover"


def test_cell_text_is_valid_xml_within_the_limit() -> None:
    for text in PAYLOADS:
        found = cell_text(text)
        assert len(found.encode("utf-16-le")) // 2 <= CELL_LIMIT
        assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", found)


def test_csv_text_never_starts_a_formula() -> None:
    """OWASP's list, full-width signs and leading blanks included."""
    for text in PAYLOADS:
        assert not csv_text(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")), text[:40]
        assert not looks_like_formula(csv_text(text)), text[:40]


def test_sheet_names_are_accepted_everywhere() -> None:
    for wanted in PAYLOADS:
        name = sheet_name(wanted, frozenset({"a", "Sheet"}))
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert name.strip("' ") == name
        assert name.casefold() not in {"history", "a", "sheet"}


def test_a_sheet_name_is_never_given_twice() -> None:
    taken: frozenset[str] = frozenset()
    for _ in range(200):
        taken |= {sheet_name("x" * 50, taken)}
    assert len({name.casefold() for name in taken}) == 200


def test_clean_keeps_ordinary_text() -> None:
    assert clean("Größe 7 µs — ok\nline") == "Größe 7 µs — ok\nline"


def test_page_codes_are_printed_rather_than_obeyed() -> None:
    assert header_text("R&D &P") == "R&&D &&P"
