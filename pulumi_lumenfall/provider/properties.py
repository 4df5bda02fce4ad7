# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Pulumi's property bags on the wire, to Python and back.

On the wire a bag is protobuf's Struct, in which an unknown value is a certain string and a secret is a map with a
marker: https://pulumi-developer-docs.readthedocs.io/latest/docs/architecture/deployment-execution/state.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

__all__ = ["UNKNOWN", "contains_unknown", "read", "secret", "write"]

#: A value that is not known during preview.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the marker of a secret, not a secret
# Whole numbers are exact in a double up to here.
_MAX_WHOLE = 2**53


def read(struct: Struct) -> dict[str, Any]:
    """Properties as Python values. Nulls are left out, since Pulumi may drop them too; secrets lose their marker."""
    return {
        name: _read_value(value) for name, value in struct.fields.items() if value.WhichOneof("kind") != "null_value"
    }


def _read_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        properties = read(value.struct_value)
        return properties.get("value") if properties.get(_SIGNATURE) == _SECRET else properties
    if kind == "list_value":
        return [_read_value(item) for item in value.list_value.values]
    if kind == "number_value":
        # Every number is a double here. A message about 5 should say 5, not 5.0.
        number = value.number_value
        return int(number) if abs(number) <= _MAX_WHOLE and number.is_integer() else number
    return getattr(value, kind) if kind in ("string_value", "bool_value") else None


def contains_unknown(value: Any) -> bool:
    """Whether a value, or anything in it, is unknown."""
    if isinstance(value, Mapping):
        return any(map(contains_unknown, value.values()))
    return any(map(contains_unknown, value)) if isinstance(value, list) else bool(value == UNKNOWN)


def write(properties: Mapping[str, Any]) -> Struct:
    """Python values as properties."""
    struct = Struct()
    struct.update(properties)
    return struct


def secret(value: Any) -> dict[str, Any]:
    """A value that Pulumi keeps encrypted."""
    return {_SIGNATURE: _SECRET, "value": value}
