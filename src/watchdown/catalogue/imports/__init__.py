"""Files that say what titles are known by: read, compared with the library, and taken whole or not at all."""

from __future__ import annotations

from watchdown.catalogue.imports.changes import Change, compare, replaced, store
from watchdown.catalogue.imports.faults import ImportFault, ImportInvalid
from watchdown.catalogue.imports.reading import ImportPlan, read_import

__all__ = [
    "Change",
    "ImportFault",
    "ImportInvalid",
    "ImportPlan",
    "compare",
    "read_import",
    "replaced",
    "store",
]
