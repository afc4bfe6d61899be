"""Glossary: every term of the workbook by its one definition."""

from __future__ import annotations

from reports.book import Book
from reports.grid import Kind
from reports.styles import Role, Style

SHEET = "Glossary"
TERMS: tuple[tuple[str, str], ...] = (
    ("TTFT", "time to first token: from the arrival of a request to its first output token, waiting and transfer included [s]"),
    ("TPOT", "time per output token: (E2E - TTFT) / (output tokens - 1) [s]"),
    ("E2E", "end to end: from the arrival of a request to its last output token [s]"),
    ("p95", "percentile: 95 of 100 requests are at least this fast"),
    ("ISL, OSL", "input and output sequence length: tokens of a prompt, tokens generated"),
    ("Prefill", "computing a prompt and its KV cache; bound by arithmetic"),
    ("Decode", "generating token by token; bound by memory bandwidth"),
    ("Aggregated", "one pool does prefill and decode"),
    ("Disaggregated", "prefill and decode run in pools of their own, the KV cache moves between them"),
    ("Replica", "one deployment of a model that serves on its own; takes `chips each` accelerators"),
    ("Layout", "how a model is spread over chips: TP tensor, PP pipeline, EP expert parallel"),
    ("Block of hours", "hours of the week with like demand, planned as one"),
    ("Peak rate", "the rate that capacity must meet: the mean rate with its growth, bursts and percentile"),
    ("Busy replicas", "load in replicas: sum of rate / capacity of one replica at the promised latency"),
    ("Unit", "one orderable system: a card, an 8-way server, a rack"),
    ("Owned, offer", "the way of having a unit: bought, or the rental offer by its id"),
    ("Nameplate", "highest power that all units present can draw; what a site must be able to carry [kW]"),
    ("PUE", "power usage effectiveness: energy of the facility over energy of the machines"),
    ("Capex, opex", "what is paid to acquire; what is paid to run"),
    ("Discount factor", "(1 + rate) ^ -years: what a dollar of then is worth today"),
    ("Net present cost", "all costs times their discount factors; income is negative"),
    ("Equivalent annual cost", "the level yearly payment with the same present value: cost x r / (1 - (1 + r)^-n)"),
    ("Book life, economic life", "how long the accounts write an asset down; how long it earns its keep"),
    ("Depreciation", "straight line from price to residual value over the book life"),
    ("Residual value", "what a unit is worth at the end of the plan; income at the horizon"),
    ("USD/Mtok", "cost of a million tokens: levelised cost over levelised tokens, paid by the pools that do the work"),
    ("Utilisation", "always with its denominator: nameplate capacity, capacity within the promises, or served"),
    ("J/token", "facility energy over tokens"),
    ("gCO2e", "grams of carbon dioxide equivalent"),
    ("Optimal", "the proved gap to the best possible cost is not above the gap that was asked for"),
    ("Frozen", "taken from the solver; a workbook cannot optimise again, so an edited input does not move it"),
    ("How known", "datasheet, independent measurement, vendor claim, press, estimate, or user (the scenario itself)"),
)


def write(book: Book) -> None:
    """Fill the sheet."""
    sheet = book.sheet(SHEET, "Glossary", "Terms by their one definition.", Kind.OUTPUT)
    sheet.landscape = False
    sheet.widths |= {1: 28.0, 2: 100.0}
    sheet.table(("Term", "Meaning"), TERMS, (Style(Role.STRONG), Style(Role.TEXT)))
