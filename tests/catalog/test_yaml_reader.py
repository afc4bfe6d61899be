"""The YAML reader: plain trees in, and nothing that is ambiguous or hostile."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.yaml_reader import MAX_BYTES, parse_yaml, read_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_scalars_are_what_they_look_like() -> None:
    """YAML 1.1 would make `yes` true, `1:30` ninety and the date a date."""
    tree = parse_yaml("a: 1\nb: 1.5\nc: true\nd: ~\ne: yes\nf: 2026-01-01\ng: 1:30\nh: '5'\ni: 1e3\nj: [1, {k: v}]\n2: two")
    assert tree == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "yes", "f": "2026-01-01", "g": "1:30", "h": "5", "i": 1000.0,
        "j": [1, {"k": "v"}], "2": "two",
    }  # fmt: skip
    assert type(tree["a"]) is int


def test_json_is_read_too() -> None:
    assert parse_yaml('{"a": [1, 2.5, "x", null, false]}') == {"a": [1, 2.5, "x", None, False]}


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("a: &x 1\nb: *x", "b", "line 2: the alias *x is not allowed"),
        (BOMB, "b[0]", "the alias *a is not allowed"),
        ("a: 1\na: 2", "", "line 2: the key 'a' stands twice"),
        ("a: {b: 1, b: 2}", "a", "the key 'b' stands twice"),
        ("a:\n  - b: 1\n    c: [1, .nan]", "a[0].c[1]", "line 3: .nan is not a number that can be used"),
        ("a: -.inf", "a", "is not a number that can be used"),
        ("a: NaN", "a", "is not a number that can be used"),
        ("a: 1e999", "a", "too large"),
        ("a: " + "9" * 5000, "a", "more than 64 digits"),
        ("a: !!python/object:os.system x", "a", "is not allowed"),
        ("a: !custom x", "a", "is not allowed"),
        ("a: 1\n---\nb: 2", "", "a second document"),
        ("? [a]\n: 2", "", "a key must be plain text"),
        ("", "", "holds nothing"),
        ("- a", "", "holds a list"),
        ("just words", "", "holds a single value"),
        ("a: [1", "", "is not valid YAML"),
        ("a: \x01", "", "is not valid YAML"),
        ("a: " + "[" * 50 + "]" * 50, "a" + "[0]" * 31, "nests deeper than 32 levels"),
    ],
)
def test_what_is_ambiguous_or_hostile_is_refused_where_it_stands(text: str, field: str, message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_yaml(text, document="f.yaml")
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.field == field
    assert str(caught.value).startswith("f.yaml: ")


def test_depth_without_end_fails_fast() -> None:
    """A megabyte of brackets neither exhausts the stack nor takes long."""
    start = time.perf_counter()
    with pytest.raises(CatalogError, match="nests deeper"):
        parse_yaml("[" * 1_000_000)
    assert time.perf_counter() - start < 5


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(CatalogError, match="more than 100 values"):
        parse_yaml("a: [" + "1," * 200 + "1]", max_nodes=100)


def test_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 2**20)
    with pytest.raises(CatalogError, match=f"at most {MAX_BYTES:,}"):
        read_yaml(path)


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe\x00", "not text in UTF-8"), (b"a: \xc3\x28", "not text in UTF-8")])
def test_bytes_that_are_not_text_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=message):
        read_yaml(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "absent.yaml")


@given(st.text(max_size=200))
def test_no_text_at_all_can_break_the_reader(text: str) -> None:
    """Every text is read as a mapping or refused with CatalogError, never with another error."""
    with contextlib.suppress(CatalogError):
        assert isinstance(parse_yaml(text), dict)
