"""The audit of published speeds as a table, as JSON rows and as a page of documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from api.terminal.console import printable
from catalog.items import Catalog, SpeedMetric
from planner.performance.audit import Verdict, Word

_STYLES = {Word.POSSIBLE: "green", Word.IMPOSSIBLE: "bold red", Word.UNJUDGED: "dim"}
_WORST_FIRST = (Word.IMPOSSIBLE, Word.SPECULATION, Word.BATCHING, Word.UNJUDGED, Word.POSSIBLE)
_RATES = (SpeedMetric.PER_USER, SpeedMetric.TOTAL)
_HEAD = """\
# Published speeds, audited

What vendors and the press publish, beside what physics allows and what we predict. Written by `python -m tools.audit_docs` from
the catalog; `splitfleet catalog audit` prints the same for any catalog.

## How a claim is judged

* **Physics.** The least time is the longest of: weights and cache over the bandwidth of the memory that holds them, arithmetic
  over the peak, messages over the links, on the best layout of the chips that are stated. Only published figures bound anything,
  and whatever is not stated counts in the claim's favour: the narrowest format, the shortest context, an 8-bit cache, batch 1,
  the fewest chips that will do.
* **Our prediction** stands beside it with its 95 % interval, without speculative decoding; 1,000 tokens in and 250 out where no
  lengths are stated. Chips that nobody measured have wide intervals.
* **The word** is physics' alone, with one exception: a speed stated with speculative decoding, and faster than our interval
  without it, is possible only with it. Speculation makes at most 6.5 tokens a step, the largest gain that EAGLE-3 reports
  (arXiv 2503.01840).
* *Possible only with batching* means a sum over users, not what one of them sees.
* Claims never calibrate anything.
"""


def table(verdicts: Sequence[Verdict]) -> Table:
    """Return the verdicts as a table for a terminal, worst news first."""
    shown = Table(show_lines=True, expand=True)
    for column, share in (("verdict", 2), ("claim", 4), ("why", 7), ("source", 2)):
        shown.add_column(column, ratio=share)
    for one in sorted(verdicts, key=lambda item: _WORST_FIRST.index(item.word)):
        word = Text(one.word.value, style=_STYLES.get(one.word, "yellow"))
        shown.add_row(word, *map(printable, (one.claim, one.finding.explanation, _source(one))))
    return shown


def rows(verdicts: Sequence[Verdict], catalog: Catalog) -> list[dict[str, object]]:
    """Return the verdicts as plain values in SI units: rates in tokens/s, times in s."""
    return [_row(one, catalog) for one in verdicts]


def _row(one: Verdict, catalog: Catalog) -> dict[str, object]:
    speed, finding = one.speed, one.finding
    source = catalog.sources.get(speed.figure.source)
    return {
        "id": speed.id,
        "claim": one.claim,
        "hardware": one.hardware_id,
        "model": one.model_id,
        "metric": speed.metric.value,
        "claimed": speed.figure.value,
        "unit": "tokens/s" if speed.metric in _RATES else "s",
        "source": speed.figure.source,
        "citation": "" if source is None else source.citation,
        "kind": speed.figure.kind.value,
        "date": speed.figure.date,
        "note": speed.note,
        "verdict": finding.word.value,
        "explanation": finding.explanation,
        "weights": None if finding.weights is None else finding.weights.value,
        "chips": finding.chips,
        "fewest_chips": finding.fewest_chips,
        "physical_bound": finding.bound,
        "prediction": None if one.prediction is None else one.prediction.as_dict(),
        "prediction_layout": one.layout,
    }


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims got which verdict, in a line."""
    counts = Counter(one.word for one in verdicts)
    said = ", ".join(f"{counts[word]} {word.value}" for word in Word if counts[word])
    return f"{len(verdicts)} published speeds: {said}" if verdicts else "no published speed is known"


def markdown(verdicts: Sequence[Verdict], catalog: Catalog) -> str:
    """Return the page docs/audit.md."""
    return "\n".join([_HEAD, *_page(verdicts, catalog)]) + "\n"


def _page(verdicts: Sequence[Verdict], catalog: Catalog) -> Iterator[str]:
    yield f"## Verdicts\n\n{summary(verdicts)}.\n"
    for hardware_id in dict.fromkeys(one.hardware_id or "" for one in verdicts):
        item = catalog.hardware.get(hardware_id)
        yield f"### {item.name if item else 'Hardware that the catalog does not know'}\n"
        yield "| claim | verdict | why | source |\n|---|---|---|---|"
        for one in verdicts:
            if (one.hardware_id or "") == hardware_id:
                cells = (one.claim, f"**{one.word.value}**", one.finding.explanation, _source(one))
                yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
        yield ""
    yield "## Sources\n"
    named = sorted({one.speed.figure.source for one in verdicts})
    yield from (f"* `{name}`: {catalog.sources[name].citation}" for name in named if name in catalog.sources)


def _source(one: Verdict) -> str:
    figure = one.speed.figure
    return ", ".join(filter(None, (figure.source, figure.kind.value, figure.date)))
