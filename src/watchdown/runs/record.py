"""Rows set aside: those that validation refused, and the good ones of a run that is held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest, refused_files, staged_files
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.check import REASONS, ROW


def keep_refused(manifest: Manifest, storage: Storage, types: Types) -> list[str]:
    """Copy refused rows to quarantine and return a warning for each file."""
    warnings = []
    for schema, source in refused_files(manifest).items():
        target = keys.refused(manifest.run, schema)
        storage.copy(source, target)
        count = manifest.refused[schema]
        rows = f"{count} {types[schema].schema_label()} row{'s' * (count > 1)}"
        commonest = _commonest_reason(storage, source)
        warnings.append(f"{rows} refused, with reasons in {target} (most often: {commonest})")
    return warnings


def keep_good(manifest: Manifest, storage: Storage) -> None:
    """Keep the good rows of a run that is held back beside its bad ones: once these are mended, all go on."""
    for schema, source in staged_files(manifest).items():
        storage.copy(source, keys.held(manifest.run, schema))


def _commonest_reason(storage: Storage, refused: str) -> str:
    with storage.open(refused) as file:
        reasons: pa.ChunkedArray = pq.read_table(file, columns=[REASONS])[REASONS]
    return str(Counter(reasons.to_pylist()).most_common(1)[0][0])


def move_refused(
    storage: Storage, old: int, new: int, schema: str, handed_back: Collection[int] = ()
) -> None:
    """Leave the refused rows of a run to the one that takes its place, but for those handed back."""
    source, target = keys.refused(old, schema), keys.refused(new, schema)
    if storage.exists(source):
        kept = _table(storage, source)
        kept = kept.filter(pc.invert(pc.is_in(kept[ROW], pa.array(handed_back, pa.int64()))))
        parts = [kept] if kept.num_rows else []
        if storage.exists(target):
            parts.append(_table(storage, target))
        if parts:
            with storage.create(target) as file:
                pq.write_table(pa.concat_tables(parts, promote_options="permissive"), file)
    storage.delete([source, keys.held(old, schema)])


def _table(storage: Storage, key: str) -> pa.Table:
    with storage.open(key) as file:
        return pq.ParquetFile(file).read()
