"""From a uri to the store behind it."""

from pathlib import Path
from urllib.parse import urlsplit

from plimsoll.errors import UsageError, shown
from plimsoll.lake.stores.contract import Store, chosen
from plimsoll.lake.stores.folder import FolderStore
from plimsoll.lake.stores.objects import ObjectStore


def opened(uri: str, *, endpoint: str = "", region: str = "", made: bool = False) -> Store:
    """The store at a uri; nothing is asked of it yet. `made`: a folder that is not there is made."""
    try:
        parts = urlsplit(chosen(uri))
    except ValueError as error:
        raise UsageError(f"{shown(uri)} {error}") from error
    if parts.scheme == "s3":
        return ObjectStore(parts.netloc, parts.path.strip("/"), endpoint=endpoint, region=region)
    return FolderStore(Path(parts.path), made=made)
