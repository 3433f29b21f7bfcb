"""An S3-compatible object store, through obstore: PUT is atomic, the manifest goes by If-Match and If-None-Match.

Credentials by the usual chain: the environment, a profile's keys, then what the machine is given (web identity,
container, instance role). They are never settings and never printed.
"""

import configparser
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plimsoll.errors import UsageError
from plimsoll.lake.stores.contract import Entry, NoAnswer, Refused, StoredObject, WriteConflict

if TYPE_CHECKING:
    from obstore.store import S3Store

_CONNECT_S: Final = 5
_REQUEST_S: Final = 60
_RETRIES: Final = 2
_KEYS: Final = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}


class ObjectStore:
    """One prefix of one bucket."""

    def __init__(self, bucket: str, prefix: str, *, endpoint: str = "", region: str = "") -> None:
        self._bucket, self._prefix, self._endpoint, self._region = bucket, prefix, endpoint, region
        self._opened: S3Store | None = None

    @property
    def uri(self) -> str:
        """The bucket and the prefix."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def get(self, key: str) -> StoredObject:
        """A whole object, and its entity tag."""
        import obstore

        with self._asking(key):
            got = obstore.get(self._store(), key)
            data = got.bytes().to_bytes()
            return StoredObject(data, got.meta["e_tag"] or "")

    def put(self, key: str, data: bytes) -> None:
        """One PUT: seen whole, or not at all."""
        import obstore

        with self._asking(key):
            obstore.put(self._store(), key, data, use_multipart=False)

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        """One conditional PUT."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._asking(key):
            try:
                mode: Any = "create" if tag is None else {"e_tag": tag}
                return obstore.put(self._store(), key, data, mode=mode, use_multipart=False)["e_tag"] or ""
            except (AlreadyExistsError, PreconditionError) as error:
                raise WriteConflict(f"{self.uri}/{key}: another writer was faster; try again") from error

    def names(self, folder: str) -> list[Entry]:
        """The objects right under a prefix."""
        import obstore

        with self._asking(folder):
            listed = obstore.list_with_delimiter(self._store(), folder)["objects"]
        found = [Entry(o["path"].rpartition("/")[2], o["size"], o["last_modified"].timestamp()) for o in listed]
        return sorted(found, key=lambda entry: entry.name)

    def folders(self, folder: str) -> list[str]:
        """The prefixes right under a prefix."""
        import obstore

        with self._asking(folder):
            listed = obstore.list_with_delimiter(self._store(), folder)["common_prefixes"]
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in listed)

    def delete(self, keys: Sequence[str]) -> None:
        """Removes objects."""
        import obstore

        if keys:
            with self._asking(keys[0]), suppress(FileNotFoundError):
                obstore.delete(self._store(), list(keys))

    def _store(self) -> "S3Store":
        if self._opened is None:
            try:
                from obstore.store import S3Store
            except ImportError as error:
                raise UsageError(f'{self.uri} needs the extra: pip install "plimsoll[s3]"') from error
            config: dict[str, Any] = {**profile_keys(os.environ)}
            config |= {"endpoint": self._endpoint} if self._endpoint else {}
            config |= {"region": self._region} if self._region else {}
            plain = (self._endpoint or os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")
            self._opened = S3Store(
                self._bucket,
                prefix=self._prefix or None,
                config=config,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
                client_options={
                    "connect_timeout": timedelta(seconds=_CONNECT_S),
                    "timeout": timedelta(seconds=_REQUEST_S),
                    "allow_http": plain,
                },
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_REQUEST_S)},
            )
        return self._opened

    @contextmanager
    def _asking(self, key: str) -> Generator[None]:
        """The library's errors as ours; its texts may hold headers, so only their kind is shown."""
        try:
            from obstore import exceptions
        except ImportError as error:
            raise UsageError(f'{self.uri} needs the extra: pip install "plimsoll[s3]"') from error
        where = f"{self.uri}/{key}"
        try:
            yield
        except (FileNotFoundError, exceptions.BaseError) as error:
            raise _ours(error, where, self.uri) from error
        except PermissionError as error:
            raise _refused(where) from error


def profile_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The keys of the profile that the environment names (AWS_PROFILE, else `default`); the environment's own win.

    Roles and sign-on of profiles are not followed: they need a library of their own. Without keys here the store's
    client goes on with what the machine is given.
    """
    if "AWS_ACCESS_KEY_ID" in environment:
        return {}
    path = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    profile = environment.get("AWS_PROFILE", "default")
    if not parser.has_section(profile):
        return {}
    return {ours: parser.get(profile, theirs) for theirs, ours in _KEYS.items() if parser.has_option(profile, theirs)}


def _ours(error: Exception, where: str, uri: str) -> Exception:
    from obstore import exceptions

    if "NoSuchBucket" in str(error):
        return Refused(f"{uri}: there is no such bucket; make it, or mend the address")
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(where)
    if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        return _refused(where)
    return NoAnswer(f"{where}: the store does not answer ({_kind(error)}); it is tried again later")


def _refused(where: str) -> Refused:
    return Refused(f"{where}: the store refuses; check the credentials and what they may do")


def _kind(error: Exception) -> str:
    text = str(error).casefold()
    known = {"timed out": "timeout", "connect": "no connection", "503": "503", "slow down": "503", "500": "500"}
    return next((kind for sign, kind in known.items() if sign in text), "cut off or broken answer")
