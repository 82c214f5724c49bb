"""A type's Arrow schema, readable: each column with its Arrow type."""

from __future__ import annotations

from typing import Any, Final

from watchdown_schemas.record import Record

UNKNOWN: Final = "dimension of the model"


def arrow_form(schema: type[Record]) -> dict[str, Any]:
    """Return the columns of a type's records, in their order."""
    from watchdown_schemas.arrow import arrow_schema  # pyarrow costs more than all the rest

    columns = arrow_schema(schema, 1)
    return {
        "schema": schema.schema_label(),
        "columns": [
            {
                "name": column.name,
                # A size of one stands for the dimension that the model brings.
                "type": str(column.type).replace("[1]", f"[{UNKNOWN}]"),
                "nullable": column.nullable,
            }
            for column in columns
        ],
    }
