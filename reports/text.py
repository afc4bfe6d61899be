"""Text that is safe in a cell, in a CSV field, in a header and in a sheet's name, whatever a user typed."""

from __future__ import annotations

import math
import re
import unicodedata

CELL_LIMIT = 32_767
SHEET_NAME_LIMIT = 31
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SHEET_CHARACTERS = re.compile(r"[\[\]:*?/\\]")


def clean(text: str, limit: int = CELL_LIMIT) -> str:
    r"""Return the text without control characters and lone surrogates, tabs as spaces, cut to `limit` UTF-16 code units.

    A cell holds 32,767 code units; a character beyond U+FFFF takes two. What is cut is marked by an ellipsis.

    >>> clean("a\x00b\tc"), clean("x\ud800y")
    ('a�b c', 'x�y')
    """
    kept = _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    if _units(kept) <= limit:
        return kept
    cut = kept[: limit - 1]
    while _units(cut) > limit - 1:
        cut = cut[: len(cut) - max(1, (_units(cut) - limit + 1) // 2)]
    return cut + "…"


def cell_text(text: str) -> str:
    """Return text for a string cell: clean, and `_x0041_` written so that a spreadsheet shows it rather than reads it."""
    whole = clean(text)
    escaped = _ESCAPE.sub("_x005F_", whole)
    return escaped if _units(escaped) <= CELL_LIMIT else clean(whole.replace("_x", "_ x"))


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may take the text for a formula, full-width signs and leading blanks included."""
    start = unicodedata.normalize("NFKC", text).lstrip(" \u00a0\ufeff\u200b")[:1]
    return start in FORMULA_STARTS if start else False


def csv_text(text: str) -> str:
    """Return text for a CSV field: clean, and with a leading apostrophe where a spreadsheet would compute it (CWE-1236).

    >>> csv_text("=1+1"), csv_text("chat")
    ("'=1+1", 'chat')
    """
    kept = clean(text)
    return f"'{kept}" if looks_like_formula(kept) or text[:1] in FORMULA_STARTS else kept


def header_text(text: str, limit: int = 60) -> str:
    """Return text for a page header or footer, where `&` starts a code and 255 characters are the limit of the whole."""
    return clean(text, limit).replace("\n", " ").replace("&", "&&")


def sheet_name(wanted: str, taken: frozenset[str] = frozenset()) -> str:
    r"""Return a sheet name that every spreadsheet accepts and nobody has taken (names differ beyond case).

    At most 31 characters, none of `[]:*?/\`, no apostrophe at either end, not blank, not `History`.

    >>> sheet_name("a/b: [c]"), sheet_name("Cost", frozenset({"cost"})), sheet_name("History")
    ('a b c', 'Cost 2', 'History 2')
    """
    plain = (
        " ".join(_SHEET_CHARACTERS.sub(" ", clean(wanted, 4 * SHEET_NAME_LIMIT).replace("\n", " ")).split()).strip("' ")
        or "Sheet"
    )
    used = {name.casefold() for name in taken} | {"history"}
    name, number = _fit(plain, ""), 1
    while name.casefold() in used:
        number += 1
        name = _fit(plain, f" {number}")
    return name


def finite(value: float) -> float | None:
    """Return the number, negative zero as zero, or None where it is not finite."""
    return value + 0.0 if math.isfinite(value) else None


def _fit(text: str, suffix: str) -> str:
    room = SHEET_NAME_LIMIT - len(suffix)
    while _units(text) > room:
        text = text[:-1]
    return text.strip("' ") + suffix


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
