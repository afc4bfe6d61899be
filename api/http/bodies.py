"""Bodies read strictly: bounded while they arrive, and JSON without the surprises that parsers let through."""

from __future__ import annotations

import json
import math
import re

from fastapi import Request

from api.http.problems import HttpProblem

MAX_BODY_BYTES = 2**20
MAX_DEPTH = 32
LONGEST_NUMBER = 64

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


async def read_json(request: Request) -> object:
    """Return the JSON value of a request's body; raise HttpProblem (400, 413, 415) saying what is wrong with it."""
    _require_json(request.headers.get("content-type", ""))
    return parse_json(await _read(request))


def _require_json(content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        given = f"'{content_type[:80]}'" if content_type else "nothing"
        raise HttpProblem(415, "unsupported-media-type", f"Content-Type is {given}; send application/json in UTF-8")


async def _read(request: Request) -> bytes:
    """Return the body, counting while it arrives: a false or missing Content-Length changes nothing."""
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> HttpProblem:
    return HttpProblem(413, "body-too-large", f"a body may have at most {MAX_BODY_BYTES:,} bytes")


def parse_json(body: bytes) -> object:
    """Return the JSON value of UTF-8 text.

    Refused with status 400: what is not JSON, a key that stands twice, NaN, infinity, numbers beyond a float or with more than
    64 digits, half a surrogate pair, more than 32 levels.
    """
    try:
        text = body.decode("utf-8")
        _require_shallow(text)
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("the body is not text in UTF-8") from None
    except UnicodeEncodeError:
        raise _malformed("a text holds half of a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    return value


def _malformed(detail: str) -> HttpProblem:
    return HttpProblem(400, "malformed-json", detail)


def _require_shallow(text: str) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise _malformed(f"the body nests deeper than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _malformed(f"the key {json.dumps(twice[:64])} stands twice in one object")
    return content


def _constant(name: str) -> object:
    raise _malformed(f"{name} is not a number that JSON knows; write a finite number")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _malformed(f"the number {digits[:16]}... has more than {LONGEST_NUMBER} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if len(digits) > LONGEST_NUMBER or math.isinf(value):
        raise _malformed(f"the number {digits[:16]} is too long or too large; write a finite number")
    return value
