"""Which table the records of a schema type lie in, in a store that keeps tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from watchdown.stores.protocol import table_name
from watchdown.stores.shared import SHARED_TABLE, is_shared
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record


def table_of(schema: type[Record], model: str | None) -> str:
    """Return the table that a type's records lie in: its own, or the one that types share."""
    return (
        SHARED_TABLE if is_shared(schema) and not has_vector(schema) else table_name(schema.__name__, model)
    )


def tables_of(
    schemas: Sequence[type[Record]], names: Iterable[str], model: str | None
) -> Iterator[tuple[str, tuple[type[Record], ...]]]:
    """Yield the tables, of those that exist, in which types lie, each with its types; `model` None is any."""
    there = list(names)
    sharing: list[type[Record]] = []
    for schema in schemas:
        if has_vector(schema):
            for table in there:
                of, _, by = table.partition("-")
                if by and of == schema.__name__ and model in (None, by):
                    yield table, (schema,)
        elif is_shared(schema):
            sharing.append(schema)
        elif schema.__name__ in there:
            yield schema.__name__, (schema,)
    if sharing and SHARED_TABLE in there:
        yield SHARED_TABLE, tuple(sharing)
