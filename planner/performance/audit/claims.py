"""The audit over a catalog: every published speed, judged and set beside our prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.errors import UnknownNameError
from catalog.items import Catalog, Hardware, Model, Speed, SpeedMetric
from catalog.lookup import find_hardware, find_model
from planner.performance.audit.judge import case_of, claimed_s, judge
from planner.performance.audit.prediction import predicted
from planner.performance.audit.verdict import Finding, Verdict, Word
from planner.performance.audit.words import claim_text, prediction_text, short_name
from planner.performance.estimate import Figure

_KEPT = 4


@dataclass(slots=True)
class _Kept:
    """A catalog with its speeds by hardware (`""`: hardware that it does not know), and the verdicts on those asked for."""

    catalog: Catalog
    speeds: dict[str, list[Speed]]
    verdicts: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)


_CATALOGS: dict[int, _Kept] = {}


def audit(catalog: Catalog) -> tuple[Verdict, ...]:
    """Return the verdict on every published speed of a catalog, by hardware and then by claim; unknown hardware comes last."""
    names = sorted(_kept(catalog).speeds, key=lambda name: (name == "", name))
    return tuple(verdict for name in names for verdict in verdicts_for(name, catalog))


def verdicts_for(hardware_id: str, catalog: Catalog) -> tuple[Verdict, ...]:
    """Return the verdicts on the published speeds of one kind of hardware; judged once per catalog."""
    kept = _kept(catalog)
    if hardware_id not in kept.verdicts:
        about = sorted(kept.speeds.get(hardware_id, []), key=lambda one: (one.id, one.metric))
        kept.verdicts[hardware_id] = tuple(verdict_of(speed, catalog) for speed in about)
    return kept.verdicts[hardware_id]


def _kept(catalog: Catalog) -> _Kept:
    kept = _CATALOGS.get(id(catalog))
    if kept is not None and kept.catalog is catalog:
        return kept
    if len(_CATALOGS) >= _KEPT:
        _CATALOGS.clear()
    speeds: dict[str, list[Speed]] = {}
    for speed in speeds_of(catalog):
        hardware = _hardware(speed, catalog)
        speeds.setdefault("" if hardware is None else hardware.id, []).append(speed)
    return _CATALOGS.setdefault(id(catalog), _Kept(catalog, speeds))


def speeds_of(catalog: Catalog) -> Iterator[Speed]:
    """Yield every published speed: those entered as such, and those that token offers advertise."""
    yield from catalog.speeds
    for item in catalog.hardware.values():
        for offer in item.api:
            if offer.tokens_s_per_user is not None:
                name = f"{item.id}-{offer.model}-{offer.provider}".casefold().replace(" ", "-")
                yield Speed(name, item.id, offer.model, SpeedMetric.PER_USER, offer.tokens_s_per_user, note=offer.note)


def verdict_of(speed: Speed, catalog: Catalog) -> Verdict:
    """Return the verdict on one published speed."""
    hardware = _hardware(speed, catalog)
    model = _model(speed, hardware, catalog)
    claim = claim_text(speed, short_name(hardware) if hardware else speed.hardware, model.id if model else speed.model)
    ids = (hardware.id if hardware else None, model.id if model else None)
    if hardware is None or model is None:
        unknown = f"hardware '{speed.hardware}'" if hardware is None else f"model '{speed.model}'"
        why = f"the catalog has no {unknown}: its weights and what they need are not known"
        return Verdict(speed, claim, *ids, Finding(Word.UNJUDGED, why, speed.weights, speed.chips))
    return _judged(speed, claim, hardware, model, catalog)


def _judged(speed: Speed, claim: str, hardware: Hardware, model: Model, catalog: Catalog) -> Verdict:
    case = case_of(speed, hardware, model)
    finding = judge(case)
    ours = None
    if finding.chips is not None and hardware.wired_model_id is None:
        ours = predicted(speed, hardware, model, case.weights, finding.chips, catalog.coefficients)
    figure, layout = (None, "") if ours is None else (ours[0], ours[1].label)
    return Verdict(speed, claim, hardware.id, model.id, _beside(speed, finding, figure), figure, layout)


def _beside(speed: Speed, finding: Finding, figure: Figure | None) -> Finding:
    """Return the finding with our prediction in its sentence.

    A speed that its publisher reached with speculation, and that lies beyond our interval without it, needed it.
    """
    if figure is None:
        return finding
    rate = speed.metric in (SpeedMetric.PER_USER, SpeedMetric.TOTAL)
    claimed = speed.figure.value
    faster = claimed > figure.high95 if rate else claimed_s(speed) < figure.low95
    slower = claimed < figure.low95 if rate else claimed_s(speed) > figure.high95
    where = "faster than" if faster else "slower than" if slower else "within"
    needed = finding.word is Word.POSSIBLE and faster and speed.speculation == "yes"
    stated = "stated with speculative decoding, " if needed else ""
    ours = "our prediction without it" if needed else "our prediction"
    words = f"{finding.explanation}; {stated}{where} {ours}, {prediction_text(figure, speed.metric)}"
    word = Word.SPECULATION if needed else finding.word
    return Finding(word, words, finding.weights, finding.chips, finding.fewest_chips, finding.bound)


def _hardware(speed: Speed, catalog: Catalog) -> Hardware | None:
    try:
        return find_hardware(catalog, speed.hardware)
    except UnknownNameError:
        return None


def _model(speed: Speed, hardware: Hardware | None, catalog: Catalog) -> Model | None:
    """Return the model that a claim names; a chip with its model in the wiring runs that one, whatever the claim calls it."""
    wired = None if hardware is None else hardware.wired_model_id
    try:
        return find_model(catalog, wired or speed.model)
    except UnknownNameError:
        return None
