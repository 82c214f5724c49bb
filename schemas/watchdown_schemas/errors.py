"""The one error tree: every error names the thing at fault and says what to do.

WatchdownError
├── MediaError              a media or subtitle file cannot be used
│   ├── MediaNotFound       it is not there, or is no regular file
│   ├── MediaUnreadable     permission or input/output fault
│   ├── MediaInvalid        its content is not what it claims, or is damaged
│   └── MediaUnsupported    sound, but of a kind that is not handled
├── RecordInvalid           a record breaks the rules of its type
│   └── ImportInvalid       a file of titles' metadata, casts or rights has faults (catalogue/imports)
├── SchemaError             a schema type is at fault
│   ├── SchemaInvalid       its declaration breaks the rules
│   ├── SchemaNotFound      no type of that name or version is known
│   ├── SchemaConflict      two declare the same name, or one shadows a standard type
│   └── SchemaIncompatible  a new version would break readers of an older one
├── AlgorithmError          an algorithm or its manifest is at fault
│   ├── ManifestInvalid
│   ├── AlgorithmNotFound
│   ├── ModelMismatch       vectors of different models would be mixed or compared
│   └── ModelUnavailable    the server that should run a model does not
├── LibraryError            the library folder cannot be used
│   ├── LibraryNotFound
│   ├── LibraryVersion      written by another version and not migratable
│   ├── LibraryBusy         another process holds the writer's lock
│   │   └── LeaseLost       another process has taken over a batch
│   ├── StorageFull
│   ├── StorageDenied       its storage refuses the credentials, or lacks the right
│   ├── StorageUnavailable  its storage does not answer, or fails
│   ├── StorageNotFound     a bucket or an object is not there
│   ├── StorageChanged      an object was replaced while it was read
│   ├── StorageKeyInvalid   a key that no storage can hold
│   └── StoreError          its store on a server cannot be used
│       ├── StoreUnavailable    it does not answer, or answers that it cannot
│       ├── StoreDenied         it refuses these credentials, or this act
│       ├── StoreReadOnly       it takes no writes
│       ├── StoreNotFound       an index is not there
│       └── StoreVersion        what it holds was made by another version
├── SettingsInvalid         a setting is wrong, half given, or none of ours
├── RunError                a run was asked for something its state forbids
│   └── BackfillCancelled   somebody cancelled the backfill that is at work
├── ExecutorError           what should run a backfill refuses
│   └── ExecutorUnavailable it does not answer
└── QueryError              a query cannot be answered as asked
    ├── NotFound            an id names nothing here
    └── CursorExpired
"""

from __future__ import annotations

from typing import Final


class WatchdownError(Exception):
    """The root. `subject` is the offending id or path, `remedy` what to do about it."""

    def __init__(self, subject: str, cause: str, remedy: str) -> None:
        super().__init__(subject, cause, remedy)
        self.subject: Final = subject
        self.cause: Final = cause
        self.remedy: Final = remedy

    def __str__(self) -> str:
        cause, remedy = self.cause.rstrip("."), self.remedy.rstrip(".")
        subject = printable(self.subject) or "''"  # an empty name is still one
        return f"{subject}: {printable(cause)}. {printable(remedy)}."


def printable(text: str) -> str:
    """Return the text on one line, control characters escaped, so that no name can forge output."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class MediaError(WatchdownError):
    """A media or subtitle file cannot be used."""


class MediaNotFound(MediaError):
    """The file is not there, or is no regular file."""


class MediaUnreadable(MediaError):
    """Permissions or the disk keep us from reading the file."""


class MediaInvalid(MediaError):
    """The content is not what the name claims, or it is damaged."""


class MediaUnsupported(MediaError):
    """The content is sound, but of a kind that is not handled."""


class RecordInvalid(WatchdownError):
    """A record breaks the rules of its type."""


class SchemaError(WatchdownError):
    """A schema type is at fault."""


class SchemaInvalid(SchemaError):
    """The declaration of a schema type breaks the rules."""


class SchemaNotFound(SchemaError):
    """No schema type of that name or version is known."""


class SchemaConflict(SchemaError):
    """Two declare the same schema type, or one shadows a standard type."""


class SchemaIncompatible(SchemaError):
    """A new version of a schema type would break readers of an older one."""


class AlgorithmError(WatchdownError):
    """An algorithm failed or its declaration is at fault."""


class ManifestInvalid(AlgorithmError):
    """An `algo.toml` does not say what it must."""


class AlgorithmNotFound(AlgorithmError):
    """No algorithm of that name is known."""


class ModelMismatch(AlgorithmError):
    """Vectors would be mixed or compared with those of another model."""


class ModelUnavailable(AlgorithmError):
    """The server that should run a model does not answer, or does not have it."""


class LibraryError(WatchdownError):
    """The library folder cannot be used."""


class LibraryNotFound(LibraryError):
    """There is no library at that place."""


class LibraryVersion(LibraryError):
    """The library was written by a version that this one cannot migrate from."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class LeaseLost(LibraryBusy):
    """Another process has taken over a batch that this one was working."""


class DatabaseUnavailable(LibraryError):
    """The server of the library's database cannot be reached, refuses us, or went away."""


class StorageFull(LibraryError):
    """The disk is full."""


class StorageDenied(LibraryError):
    """The library's storage refuses the credentials, or these lack the right."""


class StorageUnavailable(LibraryError):
    """The library's storage does not answer within its time, or fails."""


class StorageNotFound(LibraryError):
    """A bucket or an object is not there."""


class StorageChanged(LibraryError):
    """An object was replaced while it was read."""


class StorageKeyInvalid(LibraryError):
    """A key that no storage can hold."""


class StoreError(LibraryError):
    """A server that the library needs cannot be used; `subject` names it and its address."""


class StoreUnavailable(StoreError):
    """The server does not answer within the deadline, or says that it cannot."""


class StoreDenied(StoreError):
    """The server refuses the credentials, or what they are used for."""


class StoreReadOnly(StoreError):
    """The server answers, but takes no writes."""


class StoreNotFound(StoreError):
    """The server answers, but has no such index."""


class StoreVersion(StoreError):
    """What the server holds was made by another version."""


class SettingsInvalid(WatchdownError):
    """A setting is wrong, half given, or none of ours."""


class RunError(WatchdownError):
    """A run was asked for something that its state forbids."""


class BackfillCancelled(RunError):
    """Somebody cancelled the backfill that is at work."""


class ExecutorError(WatchdownError):
    """What should run a backfill refuses it; `subject` is its address."""


class ExecutorUnavailable(ExecutorError):
    """What should run a backfill does not answer."""


class QueryError(WatchdownError):
    """A query cannot be answered as it was asked."""


class NotFound(QueryError):
    """An id names nothing that this reader can see."""


class CursorExpired(QueryError):
    """The snapshot that a cursor pages through is gone."""
