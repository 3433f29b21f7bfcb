"""The optimization document: exact members of the specification, an `id` beside each bottleneck and recommendation."""

from typing import Literal

from msgspec import UNSET, UnsetType

from plimsoll.documents import Document


class Span(Document, frozen=True, kw_only=True):
    """The window that the document speaks of."""

    start: str
    end: str


class Recommendation(Document, frozen=True, kw_only=True):
    """What to do; an improvement that cannot be estimated is absent."""

    id: str
    priority: Literal["high", "medium", "low"]
    title: str
    description: str
    estimated_improvement: str | UnsetType = UNSET
    cost_impact: str | UnsetType = UNSET


class Bottleneck(Document, frozen=True, kw_only=True):
    """What holds a resource back; symptoms of the same cause are listed in the description."""

    id: str
    component: str
    description: str
    impact: str


class ResourceOptimization(Document, frozen=True, kw_only=True):
    """One resource; a part that was not asked for is absent."""

    resource_id: str
    resource_name: str
    resource_type: str
    region: str | None
    recommendations: list[Recommendation] | UnsetType = UNSET
    bottlenecks: list[Bottleneck] | UnsetType = UNSET


class PlatformRecommendation(Document, frozen=True, kw_only=True):
    """The same advice for several resources, with what it is worth together."""

    title: str
    description: str
    cost_impact: str | UnsetType = UNSET


class OptimizationDocument(Document, frozen=True, kw_only=True):
    """What `GET /v2/monitoring/performance/optimization` answers: the most constrained resource first."""

    time_range: Span
    resources: list[ResourceOptimization]
    platform_recommendations: list[PlatformRecommendation] | UnsetType = UNSET
