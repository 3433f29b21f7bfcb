"""`[dependencies]`: which resource needs which."""

from collections.abc import Mapping

from pydantic import Field, field_validator

from plimsoll.config import Section

_ARROW = "->"


def _edge(text: str) -> tuple[str, list[str]]:
    """`checkout -> cart, db` as its two sides.

    >>> _edge("checkout -> cart, db")
    ('checkout', ['cart', 'db'])
    """
    who, arrow, what = text.partition(_ARROW)
    needs = [name.strip() for name in what.split(",")]
    if not arrow or not who.strip() or not all(needs):
        raise ValueError(f'"{text}" is not an edge; write "checkout -> cart, db": checkout needs cart and db')
    return who.strip(), needs


class Dependencies(Section):
    """`[dependencies]`: which resource needs which others, by their ids; the label `depends_on` says the same."""

    edges: tuple[str, ...] = Field((), description='such as "checkout -> cart, db": checkout needs cart and db')

    @field_validator("edges")
    @classmethod
    def _readable(cls, edges: tuple[str, ...]) -> tuple[str, ...]:
        for text in edges:
            _edge(text)
        return edges

    @property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """The ids that each resource needs."""
        found: dict[str, frozenset[str]] = {}
        for who, needs in map(_edge, self.edges):
            found[who] = found.get(who, frozenset()) | set(needs)
        return found
