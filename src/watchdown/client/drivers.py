"""The drivers that settings choose, and what must hold of a place before they are opened."""

from __future__ import annotations

from watchdown.catalogue.database import Database, open_database
from watchdown.folder import Folder
from watchdown.lake.tables import Lake
from watchdown.settings import Address, Settings
from watchdown_schemas.errors import LibraryError, LibraryNotFound, SettingsInvalid

# What may lie in the folder of a new library; and what SQLite puts beside its file.
_OWN = (".lock", "films", "library.db", "truth.json", "watchdown.toml")


def folder_of(settings: Settings) -> Folder:
    """Return where media, staged rows and reports lie."""
    return Folder(_only("storage", settings.storage, "folder", "Name a folder").file)


def lake_of(settings: Settings) -> Lake:
    """Return the tables of records."""
    return Lake(_only("store", settings.store, "lance", "Write it as lance:FOLDER").file)


def check(settings: Settings) -> None:
    """Check that there is a database to keep the library in, and that models run where the settings say."""
    if settings.database is None:
        remedy = "Write database = sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME into the settings"
        raise SettingsInvalid("database", "is not set", remedy)
    _only("model", settings.model, "onnx", "Write it as onnx:")


def database_of(settings: Settings, *, create: bool) -> Database:
    """Open the database of catalogue and ledger."""
    assert settings.database is not None  # as `check` has seen
    return open_database(settings.database, create=create)


def _only(key: str, address: Address | None, kind: str, remedy: str) -> Address:
    if address is None:
        raise SettingsInvalid(key, "is not set", remedy)
    if address.kind != kind:
        raise SettingsInvalid(f"{key} {address}", "is of a kind that has no driver here", remedy)
    return address


def prepare(settings: Settings, folder: Folder, *, create: bool) -> None:
    """Make the folder of a library, or say why it cannot be one."""
    root, database = folder.root, settings.database
    if any("\ud800" <= letter <= "\udfff" for letter in str(root.absolute())):
        raise LibraryError(str(root), "has a name that is no Unicode text", "Choose another place.")
    if not create and database is not None and database.kind == "sqlite" and not database.file.exists():
        raise LibraryNotFound(
            str(root),
            "is no Watchdown library",
            "Name one with --library DIR, or make one there with: watchdown add FILE.",
        )
    if root.exists() and not root.is_dir():
        raise LibraryError(str(root), "is a file, not a folder", "Choose another place.")
    # Elsewhere, the database itself knows whether the library is new.
    here = database is not None and database.kind == "sqlite" and database.file == folder.database
    if here and create and root.is_dir() and not folder.database.exists():
        strangers = [path.name for path in root.iterdir() if not path.name.startswith(_OWN)]
        if strangers:
            cause = f"is not empty ({strangers[0]}) and no library"
            raise LibraryError(str(root), cause, "Choose a new or empty folder.")
    root.mkdir(parents=True, exist_ok=True)
