# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Pulumi's property bags on the wire, to Python and back.

Pulumi's experimental provider layer has types for this that refuse whole numbers and cannot write an unknown value, so
this speaks the wire format itself: protobuf's Struct, an unknown value as a string that is agreed upon, a secret as a
map with a mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

__all__ = ["UNKNOWN", "contains_unknowns", "read", "same", "secret", "write"]

# Agreed upon by all of Pulumi: see sdk/proto in its repository.
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_MARK = "4dabf18193072939515e22adb298388d"
_SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - no secret, but what marks one


class _Unknown:
    """A value that is not known in this preview."""


UNKNOWN = _Unknown()

# Whole numbers are exact in a double up to here.
_MAX_WHOLE = 2**53


def read(struct: Struct) -> dict[str, Any]:
    """Properties as Python values: what is unknown as ``UNKNOWN``, secrets without their mark, null as None."""
    return {name: _read_value(value) for name, value in struct.fields.items()}


def _read_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        properties = read(value.struct_value)
        return properties.get("value") if properties.get(_MARK) == _SECRET_MARK else properties
    if kind == "list_value":
        return [_read_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        # Every number is a double here. A person who wrote 5 reads 5 in a message, not 5.0.
        number = value.number_value
        return int(number) if abs(number) <= _MAX_WHOLE and number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def contains_unknowns(value: Any) -> bool:
    """Whether a value, or anything in it, is not known."""
    if isinstance(value, Mapping):
        return any(map(contains_unknowns, value.values()))
    return any(map(contains_unknowns, value)) if isinstance(value, list) else value is UNKNOWN


def write(properties: Mapping[str, Any]) -> Struct:
    """Python values as properties, the other way round."""
    struct = Struct()
    struct.update({name: _UNKNOWN_TEXT if value is UNKNOWN else value for name, value in properties.items()})
    return struct


def secret(value: Any) -> dict[str, Any]:
    """A value that Pulumi keeps encrypted."""
    return {_MARK: _SECRET_MARK, "value": value}


def same(one: Any, other: Any) -> bool:
    """Whether two properties are equal; null counts as absent, since what passes through Pulumi may lose it."""
    return bool(_without_nulls(one) == _without_nulls(other))


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _without_nulls(item) for name, item in value.items() if item is not None}
