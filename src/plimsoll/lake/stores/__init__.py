"""Where a lake that several machines share is kept: an object store, or a folder that all of them see."""

from plimsoll.lake.stores.contract import Entry, Held, NoAnswer, Raced, Refused, Store, chosen
from plimsoll.lake.stores.folder import FolderStore
from plimsoll.lake.stores.opening import opened

__all__ = ["Entry", "FolderStore", "Held", "NoAnswer", "Raced", "Refused", "Store", "chosen", "opened"]
