"""The known result of every formula, written into the file beside it.

openpyxl writes formulas without results, so that previewers, pandas and whatever else does not compute would read nothing. The
results are put into the sheets' XML when the finished file is written.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape

_FORMULA_CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f>.*?</f>)<v\s*(?:/>|></v>)</c>', re.DOTALL)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms)")
_EPOCH = (1980, 1, 1, 0, 0, 0)

Results = Mapping[str, float | str | bool]


def finish(written: BytesIO, results: Mapping[str, Results], stamp: str) -> bytes:
    """Return the file with a result in every formula cell, the same bytes for the same content.

    `results` maps a part (`xl/worksheets/sheet1.xml`) to the results by cell; `stamp` is the time that the file states
    (`2027-01-01T00:00:00Z`). Raises ValueError where a formula has no result or a result no formula: a defect of ours.
    """
    out = BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for name in source.namelist():
            content = source.read(name)
            if name in results:
                content = _with_results(content, results[name], name)
            elif name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + stamp.encode() + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return out.getvalue()


def _with_results(content: bytes, results: Results, part: str) -> bytes:
    done = 0

    def filled(match: re.Match[bytes]) -> bytes:
        nonlocal done
        done += 1
        kind, text = _as_xml(results[match[1].decode()])
        return b'<c r="%b"%b%b>%b<v>%b</v></c>' % (match[1], match[2], kind, match[3], text)

    changed = _FORMULA_CELL.sub(filled, content)
    if done != len(results) or done != content.count(b"<f>"):
        raise ValueError(f"{part}: {content.count(b'<f>')} formulas, {len(results)} results, {done} filled in")
    return changed


def _as_xml(result: float | str | bool) -> tuple[bytes, bytes]:
    if isinstance(result, bool):
        return b' t="b"', b"1" if result else b"0"
    if isinstance(result, str):
        return b' t="str"', escape(result).encode()
    return b"", repr(float(result)).encode()
