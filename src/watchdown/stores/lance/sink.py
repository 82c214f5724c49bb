"""The sink on Lance: runs go into the lake's tables."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from watchdown.lake.tables import Lake
from watchdown.stores.protocol import Outcome, table_name
from watchdown_schemas.record import Record


class LanceSink:
    """Writes runs into the lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        name = table_name(schema.__name__, model)
        written = self._lake.replace_runs(name, runs, schema, batches)
        if written:
            self._lake.maintain(name)
        return Outcome(written)

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        self._lake.delete_runs(runs)
