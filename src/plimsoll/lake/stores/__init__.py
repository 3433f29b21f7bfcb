"""Where a lake that several machines share is kept: an object store, or a folder that all of them see."""

from plimsoll.lake.stores.contract import Entry, NoAnswer, Refused, Store, StoredObject, WriteConflict, chosen
from plimsoll.lake.stores.folder import FolderStore
from plimsoll.lake.stores.opening import opened

__all__ = ["Entry", "FolderStore", "NoAnswer", "Refused", "Store", "StoredObject", "WriteConflict", "chosen", "opened"]
