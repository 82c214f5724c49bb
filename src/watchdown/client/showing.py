"""What exists of a title, for people who look: assets, active runs, and where on the timeline records lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.model import Asset, CastMember, Value
from watchdown.catalogue.people import People
from watchdown.catalogue.rights import Rights
from watchdown.client.results import Coverage, RunSummary, TitleSummary
from watchdown.client.services import Services
from watchdown.client.status import line, titles
from watchdown.runs.ledger import Run
from watchdown.runs.stages import model_of
from watchdown.view import View


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges sorted, those that touch or overlap made one."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def show(services: Services, name_or_id: str, as_of: int | None = None) -> TitleSummary:
    """Return the summary of a title; `as_of` is an earlier epoch, whose records are counted then.

    Raises CursorExpired for an epoch that is kept no more: it is never shown in part.
    """
    title = services.catalogue.title(name_or_id)
    timeline = services.catalogue.timeline(title.id)
    view = services.ledger.view(as_of).within(frozenset({title.id}))
    runs = services.ledger.runs(title.id)
    seen = [run for run in runs if run.number in view.visible]
    coverage = [
        _coverage(services, view, run, name, timeline.duration_ns) for run in seen for name in run.counts
    ]
    counts: dict[str, int] = {}
    for part in coverage:
        counts[part.schema_type] = counts.get(part.schema_type, 0) + part.count
    return TitleSummary(
        id=title.id,
        name=title.name,
        duration_ns=timeline.duration_ns,
        rate=str(timeline.rate),
        start_timecode=timeline.timecode(0),
        assets=tuple(_asset(asset) for asset in sorted(services.catalogue.assets(title.id), key=_order)),
        counts=counts,
        coverage=tuple(coverage),
        notes=tuple(_notes(runs)),
        status=line(next(titles(services, [title.id]))),
        metadata={name: _plain(value) for name, value in Metadata(services.database).of(title.id).items()},
        cast=tuple(map(_member, People(services.database).cast(title.id))),
        rights=tuple(sorted(Rights(services.database).of(title.id))),
    )


def _order(asset: Asset) -> tuple[bool, str, str]:
    """Sort the media before its texts, these by language."""
    return asset.kind == "text", asset.language or "", asset.path


def _asset(asset: Asset) -> dict[str, str | None]:
    return {"id": asset.id, "kind": asset.kind, "language": asset.language, "path": asset.path}


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _member(member: CastMember) -> dict[str, Any]:
    return {
        "person": member.person.name,
        "person_id": member.person.id,
        "person_aliases": list(member.person.aliases),
        "character": member.character,
        "aliases": list(member.aliases),
    }


def _notes(runs: list[Run]) -> Iterable[str]:
    """Yield what is wrong with the newest run of each algorithm."""
    newest = {run.algorithm: run for run in runs}
    for run in newest.values():
        yield from (f"{run.algorithm}: {warning}" for warning in run.warnings)
        if run.error:
            yield f"{run.algorithm}: {run.error}"


def _coverage(services: Services, view: View, run: Run, schema: str, duration_ns: int) -> Coverage:
    model = model_of(run, schema, services.registry)
    snapshot = services.searcher.snapshot(view)
    ranges: list[tuple[int, int]] = []
    for batch in services.searcher.scan(
        schema, view, columns=["run", "start_ns", "end_ns"], snapshot=snapshot, model=model
    ):
        rows: list[dict[str, Any]] = batch.to_pylist()
        ranges += [(row["start_ns"], row["end_ns"]) for row in rows if row["run"] == run.number]
    joined = merged(ranges)
    covered = sum(end - start for start, end in joined)
    return Coverage(
        schema_type=schema,
        algorithm=run.algorithm,
        version=run.version,
        run=run.number,
        count=len(ranges),
        share=round(covered / duration_ns, 4) if duration_ns else 0.0,
        ranges=tuple(joined if schema != "Shot" else sorted(ranges)),
    )


def summaries(services: Services, title: str | None) -> list[RunSummary]:
    """Return the runs of the ledger, of one title or of all."""
    wanted = services.catalogue.title(title).id if title else None
    names = {known.id: known.name for known in services.catalogue.titles()}
    return [summary(run, names[run.title]) for run in services.ledger.runs(wanted)]


def summary(run: Run, title_name: str) -> RunSummary:
    """Return a run as it is shown."""
    return RunSummary(
        number=run.number,
        title=run.title,
        title_name=title_name,
        algorithm=run.algorithm,
        version=run.version,
        state=run.state,
        visible_from=run.visible_from,
        visible_to=run.visible_to,
        counts=dict(run.counts),
        warnings=tuple(run.warnings),
        error=run.error,
        created_at=run.created_at,
        updated_at=run.updated_at,
    )
