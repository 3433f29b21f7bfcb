"""Writes docs/schemas/capacity.schema.json from the document's types: `python -m tests.capacity_schema`."""

import json

from plimsoll.documents.capacity import schema
from tests.shared import ROOT

PAGE = ROOT / "docs" / "schemas" / "capacity.schema.json"


def text() -> str:
    """The schema as it is stored."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8")
