"""`[lake]`: where the lake is."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from plimsoll.config import Section
from plimsoll.lake.stores import chosen


def _endpoint(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError('is no address; write "https://s3.example.org", or leave it empty for the provider\'s own')
    if "@" in text or "?" in text:
        raise ValueError("holds more than an address; credentials come from the environment, a profile or the machine")
    return text


class SharedPlace(Section):
    """`[lake]`: a store that several machines share; without it the lake is in this project's data folder."""

    uri: Annotated[str, AfterValidator(lambda text: chosen(text) if text else text)] = Field(
        "", description="s3://BUCKET/PREFIX, or a folder that several machines see; empty: data/lake of this project"
    )
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "", description="the address of an S3-compatible server; empty: the environment's, or the provider's own"
    )
    region: str = Field("", description="of the bucket; empty: the environment's")
    cache_mb: int = Field(
        20_000, ge=100, le=100_000_000, description="day files that are kept here so that each is fetched once"
    )
    allow_network_fs: bool = Field(
        default=False, description="true: a data folder on a network file system, at your own risk"
    )
    catalog: Literal["", "delta"] = Field("", description="delta: each compaction brings a Delta log up to date")
