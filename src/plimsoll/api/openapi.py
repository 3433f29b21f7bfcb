"""OpenAPI 3.1 of the routes, made from the same lists that the parameters are checked against."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from plimsoll.api.documents import PARAMETERS, ROUTES
from plimsoll.api.openapi_segments import segment_paths
from plimsoll.documents import PerformanceDocument
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.documents.capacity import CapacityDocument
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.documents.parameters import (
    AGGREGATIONS,
    GRANULARITIES,
    ID_PATTERN,
    MAX_IDS,
    RESOURCE_SELECTIONS,
    TIME_RANGES,
)
from plimsoll.metrics import DOCUMENT_METRICS

_TEXTS: Final[dict[str, dict[str, Any]]] = {
    "resource": {"enum": list(RESOURCE_SELECTIONS), "default": "all"},
    "timeRange": {"enum": list(TIME_RANGES)},
    "granularity": {"enum": list(GRANULARITIES)},
    "aggregation": {"enum": list(AGGREGATIONS), "default": "avg"},
    "horizon": {"pattern": r"^(?:[7-9]|[1-9]\d|[12]\d\d|3[0-5]\d|36[0-5])d$", "default": "60d"},
    "demand": {"pattern": r"^[+-]?\d{1,2}%$"},
}
_OTHERS: Final[dict[str, dict[str, Any]]] = {
    "metrics": {"type": "array", "items": {"type": "string", "enum": list(DOCUMENT_METRICS)}},
    "resourceIds": {"type": "array", "items": {"type": "string", "pattern": ID_PATTERN}},
    "regions": {"type": "array", "items": {"type": "string"}},
    "add": {"type": "array", "items": {"type": "string", "pattern": r"^[!-<>-~]{1,80}=-?[1-9]\d{0,5}([KMGTP]B)?$"}},
    "analyzeBottlenecks": {"type": "boolean", "default": True},
    "includeRecommendations": {"type": "boolean", "default": True},
    "threshold": {"type": "number", "minimum": 0},
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_IDS},
    "cursor": {"type": "string", "pattern": ID_PATTERN},
}
_TITLES: Final = {
    "performance": "How the fleet is, by resource and metric",
    "optimization": "What holds each resource back, and what to do about it",
    "anomalies": "What was unusual, with the reasons",
    "capacity": "Days to the load line, dates to decide by, choices",
}
_ERRORS: Final = {
    "400": "A parameter or a combination is refused; `parameter` and `allowed` say which",
    "401": "A token is needed",
    "404": "A parameter names something that is not there",
    "429": "Too many requests of this token or address",
    "503": "Too many heavy questions at once, or no answer within the deadline",
}


def openapi(version: str, regions: Sequence[str]) -> dict[str, Any]:
    """The description of the service of a fleet in these regions.

    What one parameter may not be beside another (a granularity longer than the range, more points than the budget)
    cannot be said here: it is 400 with the reason.
    """
    types = [PerformanceDocument, OptimizationDocument, AnomaliesDocument, CapacityDocument]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    bodies = dict(zip(PARAMETERS, schemas, strict=True))
    paths = {path: {"get": _operation(name, bodies[name], regions)} for path, name in ROUTES.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plimsoll",
            "version": version,
            "description": "Documents of a fleet; segments of its hosts.",
        },
        "security": [{"token": []}, {}],
        "paths": {**paths, **segment_paths()},
        "components": {
            "schemas": {**components, "Error": _error()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(name: str, body: dict[str, Any], regions: Sequence[str]) -> dict[str, Any]:
    others = {**_OTHERS, "regions": {"type": "array", "items": {"type": "string", "enum": list(regions)}}}
    refused = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return {
        "operationId": name,
        "summary": _TITLES[name],
        "parameters": [
            {
                "name": parameter,
                "in": "query",
                "required": False,
                "schema": others.get(parameter) or {"type": "string", **_TEXTS[parameter]},
            }
            for parameter in PARAMETERS[name]
        ],
        "responses": {
            "200": {
                "description": "The document; its ETag gives 304 while nothing has changed",
                "content": {"application/json": {"schema": body}},
            },
            "304": {"description": "Nothing has changed"},
            **{status: {"description": text, **refused} for status, text in _ERRORS.items()},
        },
    }


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "parameter", "allowed"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "parameter": {"type": ["string", "null"]},
                    "allowed": {"type": ["array", "null"], "items": {"type": "string"}},
                },
            }
        },
    }
