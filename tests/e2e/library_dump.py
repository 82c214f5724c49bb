"""What a library holds and finds, without what may differ between two ways to the same state."""

import hashlib
import re
from pathlib import Path
from typing import Any

import watchdown
from watchdown.client import Library
from watchdown.client.services import Services
from watchdown.lake.tables import Lake
from watchdown.runs.states import State
from watchdown.settings import Settings
from watchdown.stores.protocol import table_name

SCHEMAS = ("DialogueLine", "Embedding", "Keyframe", "Shot")
RUN_IN_KEY = re.compile(r"(?<=^[0-9a-f]{64}/)\d+")
OWN = {"id", "run"}


def dump(root: Path, texts: list[str], lines: list[str]) -> dict[str, Any]:
    """Return titles, active runs, visible records and the answers to descriptions and to spoken lines."""
    services = Services(Settings.of_folder(root), create=False)
    active = services.ledger.runs(states=[State.ACTIVE])
    models = {run.model for run in active}
    records = {name: _visible(services, name, models) for name in SCHEMAS}
    names = {title.id: title.name for title in services.catalogue.titles()}
    for run in active:
        for schema, count in run.counts.items():
            visible = sum(row["run"] == run.number for row in records[schema])
            assert visible == count, f"run {run.number}: {count} {schema} counted, {visible} visible"
    numbers = {run.number for run in active}
    assert {row["run"] for rows in records.values() for row in rows} <= numbers, "orphans are visible"
    services.close()
    with watchdown.open(root) as library:
        return {
            "titles": sorted(names.items()),
            "runs": sorted([names[r.title], r.algorithm, r.version, dict(r.counts), r.model] for r in active),
            "records": {name: sorted(_plain(row) for row in rows) for name, rows in records.items()},
            "pictures": sorted(_picture(library, row["thumbnail"]) for row in records["Keyframe"]),
            "described": {text: _answers(library, text, dialogue=False) for text in texts},
            "said": {text: _answers(library, text, dialogue=True) for text in lines},
        }


def leftovers(root: Path) -> list[str]:
    """Return what work in progress lies in a library, which is nothing once an `add` has ended well."""
    places = ("staged/*", "batches/*", "lake/.new/*", "cache/.remux-*")
    return sorted(path.relative_to(root).as_posix() for place in places for path in root.glob(place))


def _visible(services: Services, schema: str, models: set[str | None]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    searcher, view = services.searcher, services.ledger.view()
    snapshot = searcher.snapshot(view)
    for model in models if schema == "Embedding" else {None}:
        if (name := table_name(schema, model)) in snapshot:
            columns = Lake(services.settings.store.file).dataset(name, snapshot[name]).schema.names
            for batch in searcher.scan(schema, view, columns=columns, snapshot=snapshot, model=model):
                rows += batch.to_pylist()
    return rows


def _plain(row: dict[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in OWN}
    if "thumbnail" in kept:
        kept["thumbnail"] = RUN_IN_KEY.sub("RUN", kept["thumbnail"])
    return repr(sorted(kept.items()))


def _picture(library: Library, key: str) -> str:
    return hashlib.sha256(library.thumbnail(key)).hexdigest()


def _answers(library: Library, text: str, *, dialogue: bool) -> list[list[Any]]:
    return [
        [hit.title_name, hit.start_ns, hit.end_ns, hit.timecode, hit.score, hit.text]
        for hit in library.search(text, dialogue=dialogue)
    ]
