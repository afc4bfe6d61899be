"""The fit: it finds what it should on rows that it can explain, resists outliers, shrinks what nobody informs."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from api.commands.calibrate import app
from catalog.items import Precision
from catalog.load import load_catalog
from planner.errors import InputError
from planner.performance.book import Book, book_of
from planner.performance.calibration.design import PRIORS, coefficients_of, design
from planner.performance.calibration.folds import KEPT, LeftOut, labels
from planner.performance.calibration.portfolio import portfolio
from planner.performance.calibration.publish import tree_of, write
from planner.performance.calibration.report import BEGIN, END, rewrite
from planner.performance.calibration.run import Calibration, calibrate, emphasis, usable
from planner.performance.calibration.solve import solve
from planner.performance.calibration.spread import nested, quantiles, shared_ways, spread
from planner.performance.factors import PARTS, Coefficients, factors_of, stacked_factors
from planner.performance.interval import Novelty, interval_of, novelty_of
from planner.performance.layout import Layout
from planner.performance.measurements.cases import METRICS, case_of
from planner.performance.measurements.rows import Row, read_rows
from planner.performance.step_model import step_model
from planner.performance.validation import validate

BASE = {
    "use": "decode+prefill+throughput", "era": ">=2025H2", "group_size": "1", "pp": "1", "weight_dtype": "bf16", "kv_dtype": "bf16",
    "engine": "vllm", "mode": "static batch", "batch_kind": "static batch", "len_kind": "exact", "spec_decode": "no", "quality": "A",
    "kind": "independent-measurement", "source_id": "made up", "notes": "",
}  # fmt: skip


def synthetic(catalog, factor=1.0, noise=0.0):
    """Return cases whose measured times are the priors' predictions times a factor, with lognormal noise."""
    rows = [
        Row(2, BASE | {"hardware": chip, "model": model, "tp": str(tp), "n_chips": str(tp), "batch_or_concurrency": str(batch),
                       "input_len": str(prompt), "output_len": "256"})
        for chip in ("nvidia-h100-sxm", "nvidia-a100-sxm-80g", "amd-mi300x")
        for model in ("llama-3.1-8b", "qwen3-32b")
        for tp in (2, 4)
        for batch in (1, 8, 64)
        for prompt in (256, 2048)
    ]  # fmt: skip
    cases = [case_of(row, catalog) for row in rows]
    prior = Coefficients({part: value for part, (value, _) in PRIORS.items()}, {})
    told = portfolio(cases).predict(stacked_factors(prior, [case.traits for case in cases]))
    random = np.random.default_rng(1)
    out = []
    for number, case in enumerate(cases):
        noisy = factor * np.exp(noise * random.standard_normal())
        measured = {"tpot": float(told["tpot"][number] * noisy), "ttft": float(told["ttft"][number] * noisy)}
        out.append(replace(case, measured=measured))
    return out


def medians(solution, cases):
    predicted = portfolio(cases).predict(
        stacked_factors(coefficients_of(solution.columns, solution.logs), [case.traits for case in cases])
    )
    return {
        metric: float(np.median(predicted[metric] / [case.measured[metric] for case in cases])) for metric in ("tpot", "ttft")
    }


def test_rows_at_the_priors_leave_the_priors(catalog):
    cases = synthetic(catalog)
    solution = solve(portfolio(cases), np.ones(len(cases)))
    assert np.allclose(solution.logs, [column.mean for column in solution.columns], atol=1e-3)


def test_a_level_expected_elsewhere_is_shrunk_towards_that():
    """Of two grains of mixtures only the fine one is expected to multiply slower; nobody informs either."""
    columns = design([{"mixture": "fine"}, {"mixture": "coarse"}]).columns
    means = {column.level: column.mean for column in columns if (column.part, column.trait) == ("expert_prefill", "mixture")}
    assert means == {"fine": pytest.approx(np.log(2.5)), "coarse": 0.0}


def test_slower_rows_are_learned_and_one_wild_row_is_not(catalog):
    """Everything 1.5 times slower, and one row wrong by a factor of a hundred."""
    cases = synthetic(catalog, 1.5, 0.05)
    cases[0] = replace(cases[0], measured={name: 100 * value for name, value in cases[0].measured.items()})
    solution = solve(portfolio(cases), np.ones(len(cases)))
    for ratio in medians(solution, cases).values():
        assert ratio == pytest.approx(1.0, abs=0.06)


def test_the_fit_does_not_depend_on_the_order_of_rows(catalog):
    cases = synthetic(catalog, 1.3, 0.1)
    one, other = (solve(portfolio(order), np.ones(len(cases))) for order in (cases, cases[::-1]))
    assert [column.level for column in one.columns] == [column.level for column in other.columns]
    assert np.allclose(one.logs, other.logs, atol=1e-4)


def test_a_trait_never_seen_multiplies_by_one():
    coefficients = Coefficients({"weight_read": 1.2}, {"weight_read": {"engine": {"vllm": 1.5}}})
    assert float(factors_of(coefficients, {"engine": "vllm"}).weight_read) == pytest.approx(1.8)
    assert float(factors_of(coefficients, {"engine": "new"}).weight_read) == pytest.approx(1.2)
    assert float(factors_of(coefficients, {}).weight_read) == pytest.approx(1.2)


def test_claims_and_quality_c_never_calibrate():
    assert usable(Row(2, {"kind": "independent-measurement", "quality": "B"}))
    assert not usable(Row(2, {"kind": "vendor-claim", "quality": "A"}))
    assert not usable(Row(2, {"kind": "claim-only"}))
    assert not usable(Row(2, {"kind": "independent-measurement", "quality": "C"}))


def test_doubtful_rows_weigh_less_and_groups_once(catalog):
    sure, doubtful, crowded = (
        case_of(Row(2, BASE | {"hardware": "nvidia-h100-sxm", "model": "llama-3.1-8b"} | change), catalog)
        for change in ({}, {"quality": "B"}, {"group_size": "10"})
    )
    weights = emphasis([sure, doubtful, crowded])
    assert weights[0] > weights[1] > weights[2]
    assert weights[2] == pytest.approx(weights[0] / 10)


def test_too_few_rows_are_refused(catalog):
    with pytest.raises(InputError, match="a calibration needs 50"):
        calibrate([Row(2, BASE)], catalog)


def test_no_row_is_left_in_its_own_fold(catalog):
    cases = synthetic(catalog)
    models, families = labels(LeftOut.MODEL, cases), labels(LeftOut.FAMILY, cases)
    for case, model, family in zip(cases, models, families, strict=True):
        same = [other for other in cases if other.model.id == case.model.id]
        assert all(models[cases.index(other)] == model for other in same[:3])
        assert family.split()[0] in case.hardware.id


def test_quantiles_are_weighted():
    """Nine tenths of the weight at 1, one tenth at 3: the 2.5 % quantile is 1, the 97.5 % quantile 3."""
    low, high = quantiles(np.array([1.0, 3.0]), np.array([0.9, 0.1]), (0.025, 0.975))
    assert low == 1.0
    assert high == pytest.approx(3.0, rel=0.1)


def test_a_written_calibration_is_read_back(catalog, tmp_path):
    cases = synthetic(catalog, 1.2)
    solution = solve(portfolio(cases), np.ones(len(cases)))
    spread = {"tpot": {"known": {"any": [0.5, 0.8, 1.3, 2.0]}}}
    path = write(tree_of(solution, cases, spread, {"datacentre_gpu": {"decode": 0.6}}), tmp_path)
    assert "coefficients" in yaml.safe_load(path.read_text())
    overlaid = load_catalog(tmp_path)
    book = book_of(overlaid.coefficients)
    assert book.coefficients.base["weight_read"] == pytest.approx(
        coefficients_of(solution.columns, solution.logs).base["weight_read"], rel=1e-3
    )
    assert interval_of(book, "tpot", [Novelty.KNOWN], "closed").hi80 == 1.3
    chip, model = overlaid.hardware["nvidia-h100-sxm"], overlaid.models["llama-3.1-8b"]
    step = step_model(chip, model, Layout(), Precision.BF16, Precision.BF16, overlaid.coefficients)
    assert float(step.decode_step_s(1, 100)) > 0


def test_the_built_in_calibration_knows_every_part(catalog):
    book = book_of(catalog.coefficients)
    assert set(book.coefficients.base) >= set(PRIORS)
    assert set(book.coefficients.base) <= set(PARTS)
    assert set(book.spread) == set(METRICS)


def test_novelty_tells_what_is_new(catalog):
    measured = frozenset({"nvidia-h100-sxm"}), frozenset({"llama-3.1-8b"})
    book = Book(Coefficients({}, {}), {}, {}, *measured, frozenset({"asic|aws"}))
    names = ("nvidia-h100-sxm", "nvidia-b300-sxm", "aws-trainium2", "google-tpu-v6e")
    known, gpu, trainium, tpu = (catalog.hardware[name] for name in names)
    assert novelty_of(book, known, "llama-3.1-8b") == (Novelty.KNOWN,)
    assert novelty_of(book, known, "qwen3-32b") == (Novelty.MODEL,)
    assert novelty_of(book, gpu, "llama-3.1-8b") == (Novelty.GPU,)
    assert novelty_of(book, trainium, "llama-3.1-8b") == (Novelty.CHIP,)
    assert novelty_of(book, tpu, "qwen3-32b") == (Novelty.SILICON, Novelty.MODEL)


def test_a_new_model_on_a_new_chip_has_the_wider_interval_of_the_two():
    spread_of = {"ttft": {"gpu": {"any": (0.3, 0.5, 1.5, 4.0)}, "model": {"any": (0.4, 0.6, 2.0, 3.0)}}}
    book = Book(Coefficients({}, {}), spread_of, {}, frozenset(), frozenset())
    both = interval_of(book, "ttft", (Novelty.GPU, Novelty.MODEL), "closed")
    assert (both.lo95, both.lo80, both.hi80, both.hi95) == (0.3, 0.5, 2.0, 4.0)


def off_by(catalog, factor_by_model):
    """Return cases and, as if each model had been left out, predictions off by a factor of its own up or down."""
    cases = synthetic(catalog)
    signs = np.where(np.arange(len(cases)) % 2, 1.0, -1.0)
    factors = np.array([factor_by_model[case.model.id] for case in cases])
    measured = {metric: np.array([case.measured.get(metric, np.nan) for case in cases]) for metric in METRICS}
    return cases, {LeftOut.MODEL: {metric: values * factors**signs for metric, values in measured.items()}}


def test_an_interval_is_as_wide_as_what_was_left_out_was_off(catalog):
    """Every model off by 1.5, half of the rows up, half down."""
    cases, unseen = off_by(catalog, {"llama-3.1-8b": 1.5, "qwen3-32b": 1.5})
    low95, low80, high80, high95 = spread(unseen, cases)["ttft"]["model"]["any"]
    assert (high80, high95) == pytest.approx((1.5, 1.5), rel=1e-3)
    assert (low80, low95) == pytest.approx((1 / 1.5, 1 / 1.5), rel=1e-3)


def test_coverage_is_judged_by_the_groups_that_an_interval_does_not_come_from(catalog):
    """One model off by 1.2, the other by 1.5: the first lies inside the second's interval, not the reverse."""
    cases, unseen = off_by(catalog, {"llama-3.1-8b": 1.2, "qwen3-32b": 1.5})
    labelled = dict(zip([case.model.id for case in cases], labels(LeftOut.MODEL, cases), strict=True))
    if len(set(labelled.values())) < 2:
        pytest.skip("both models share a fold")
    inside = nested("ttft", LeftOut.MODEL, unseen, cases)
    assert all(held == (case.model.id == "llama-3.1-8b") for held, case in zip(inside, cases, strict=True))


def test_a_way_of_measuring_that_one_model_has_alone_informs_no_interval(catalog):
    """Two models share a load generator; a third came with one of its own."""
    rows = [Row(2, BASE | {"hardware": "nvidia-h100-sxm", "model": model, "source_id": source}) for model, source in
            (("llama-3.1-8b", "accelmark"), ("qwen3-32b", "accelmark"), ("llama-3.3-70b", "inferencex_via_x"))]  # fmt: skip
    cases = [case_of(row, catalog) for row in rows]
    assert list(shared_ways(cases, np.array([case.model.id for case in cases]))) == [True, True, False]


def test_only_chips_with_a_relative_are_left_out_alone(catalog):
    """Stacked-memory GPUs are left out by family; a maker's only chip of a kind has no relative."""
    rows = [Row(2, BASE | {"hardware": name, "model": "llama-3.1-8b"}) for name in
            ("nvidia-h100-sxm", "nvidia-rtx-4090", "nvidia-rtx-3090", "intel-gaudi2")]  # fmt: skip
    h100, ada, ampere, gaudi = labels(LeftOut.CHIP, [case_of(row, catalog) for row in rows])
    assert h100 == gaudi == KEPT
    assert ada != KEPT
    assert ampere != KEPT


def test_a_report_is_rewritten_between_its_markers_only(catalog, tmp_path):
    cases = tuple(synthetic(catalog, 1.1, 0.1))
    solution = solve(portfolio(cases), np.ones(len(cases)))
    predicted = portfolio(cases).predict(
        stacked_factors(coefficients_of(solution.columns, solution.logs), [case.traits for case in cases])
    )
    path = tmp_path / "report.md"
    path.write_text(f"before\n{BEGIN}\nstale text\n{END}\nafter\n")
    rewrite(path, Calibration(cases, 0, solution, {LeftOut.FAMILY: predicted}, {}))
    text = path.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale" not in text
    assert "data-centre GPUs" in text
    path.write_text("no markers")
    with pytest.raises(InputError):
        rewrite(path, Calibration(cases, 0, solution, {}, {}))


@pytest.mark.slow
def test_the_command_writes_an_overlay_that_predicts(shared, tmp_path):
    """A tenth of the published rows, refitted into a folder of its own."""
    data = shared / "measurements" / "calibration.csv.gz"
    if not data.is_file():
        pytest.skip("the published measurements are absent")
    with gzip.open(data, "rt", newline="") as stream:
        lines = stream.readlines()
    part = tmp_path / "part.csv"
    part.write_text("".join([lines[0], *lines[1::10]]))
    done = CliRunner().invoke(app, [str(part), "--catalog-out", str(tmp_path / "mine"), "--report", str(tmp_path / "report.md")])
    assert done.exit_code == 0, done.output
    result = validate(read_rows(part), load_catalog(tmp_path / "mine"))
    assert result.by_metric["tpot"].median_ape < 0.13
    assert "Leave one model out" in (tmp_path / "report.md").read_text()
