"""What is derived from the schema types for others to read: `python tests/derived_files.py --write`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare, read_declaration
from watchdown_schemas.derived.export import EXPORTS, as_json
from watchdown_schemas.derived.markdown import reference_page
from watchdown_schemas.errors import SchemaIncompatible
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import VERSIONS, standard
from watchdown_schemas.types import STANDARD_TYPES

ROOT = Path(__file__).parents[1]
DERIVED = ROOT / "schemas/derived"
GOLDEN = ROOT / "tests/schemas/golden"
PAGE = ROOT / "docs/reference/schema-types.md"
STAMP = {
    "id": "k" * 24,
    "run": 1,
    "title": "t",
    "timeline": "t.1",
    "asset": "a",
    "algorithm": "x",
    "version": "1.0.0",
}


def derived() -> Iterator[tuple[Path, str]]:
    """Yield every derived file as it should be."""
    schemas = list(STANDARD_TYPES.values())
    for form, make in EXPORTS.items():
        files = make(schemas)
        folder = DERIVED if len(files) == 1 else DERIVED / form
        yield from ((folder / name, text) for name, text in files.items())
    registry = Registry(standard())
    yield PAGE, reference_page([registry.versions(name) for name in registry])


def version_files(folder: Path = VERSIONS) -> Iterator[tuple[Path, str]]:
    """Yield the declaration of each type's current version as it should be.

    Raises SchemaIncompatible where it was published otherwise; words may change, fields may not.
    """
    for schema in STANDARD_TYPES.values():
        declaration = declare(schema)
        path = folder / f"{declaration.label}.json"
        if path.exists():
            refuse_another(published(path), declaration)
        yield path, as_json(declaration.model_dump(mode="json"))


def refuse_another(old: Declaration, new: Declaration) -> None:
    """Raise SchemaIncompatible where two declarations of one version are not the same."""
    if old.bare != new.bare:
        cause = "was published otherwise, and what was published stays"
        raise SchemaIncompatible(new.label, cause, f"Raise its schema_version to {new.version + 1}")


def published(path: Path) -> Declaration:
    """Return a declaration as it was published."""
    return read_declaration(json.loads(path.read_text("utf-8")), path.name)


def golden_row(schema: type[Record]) -> str:
    """Return an example of a type's current version as it is stored, in JSON."""
    example = json.loads(json.dumps(schema.example))
    row = schema(**example, **STAMP, type=schema.schema_label())
    return as_json(row.model_dump(mode="json"))


def main() -> None:
    """Write every file; golden rows only where there is none, since they show what was stored once."""
    wanted = [*version_files(), *derived()]
    rows = (
        (GOLDEN / f"{schema.schema_label()}.json", golden_row(schema)) for schema in STANDARD_TYPES.values()
    )
    for path, text in [*wanted, *(row for row in rows if not row[0].exists())]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    current = {path for path, _ in wanted}
    for stale in sorted(path for path in DERIVED.rglob("*") if path.is_file() and path not in current):
        stale.unlink()


if __name__ == "__main__" and "--write" in sys.argv:
    main()
