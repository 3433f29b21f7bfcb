"""OpenAPI of the one thing that the service takes: segments of hosts that collect."""

from typing import Any, Final

from plimsoll.api.access import SEGMENTS
from plimsoll.lake.format.segments import NAME_PATTERN
from plimsoll.lake.shared.ingest import MOST_BYTES
from plimsoll.tables import TABLES

_SHIPS: Final = [{"token": list[str]()}]
_PROBED: Final = {
    "400": "The request is not one that this service answers",
    "401": "A token of scope ship:HOST is needed",
    "403": "The token is of another scope",
    "429": "Too many requests of this token or address",
}
_TAKEN: Final = _PROBED | {
    "400": "Not what its name tells, or cut off",
    "403": "The token is of another scope, of another host, or not of that resource",
    "408": "It did not arrive in time",
    "411": "The length of the body is missing",
    "413": f"More than {MOST_BYTES} bytes",
    "422": "Rows that the table does not take",
    "503": "Other segments are just being taken",
    "507": "Less than the reserve is free on the disk",
}


def segment_paths() -> dict[str, Any]:
    """The path that asks whether a token may ship, and the path that a segment is sent to."""
    return {
        SEGMENTS: {
            "get": {
                "operationId": "mayShip",
                "summary": "Whether this token may ship, and as which host",
                "security": _SHIPS,
                "responses": {"200": _answer("It may", "host"), **_refusals(_PROBED)},
            }
        },
        f"{SEGMENTS}/{{table}}/{{name}}": {
            "post": {
                "operationId": "ship",
                "summary": "Keeps a segment; sending it again is harmless",
                "security": _SHIPS,
                "parameters": [
                    _in_path("table", {"type": "string", "enum": list(TABLES)}),
                    _in_path("name", {"type": "string", "pattern": f"^{NAME_PATTERN}$"}),
                ],
                "requestBody": {
                    "required": True,
                    "description": "Arrow IPC or Parquet, as the ending of the name tells",
                    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
                },
                "responses": {
                    "201": _answer("It is kept on this machine's disk", "kept"),
                    "200": _answer("It was kept before", "kept"),
                    **_refusals(_TAKEN),
                },
            }
        },
    }


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _answer(description: str, key: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [key], "properties": {key: {"type": "string"}}}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusals(texts: dict[str, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {status: {"description": text, "content": content} for status, text in texts.items()}
