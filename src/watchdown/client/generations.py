"""Generations: what a backfill makes beside what readers see, compared with it, and shown at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from watchdown.client import backfills, publication
from watchdown.client.queries import different
from watchdown.client.results_generations import Comparison, Generation, Place, Promoted, QueryShift
from watchdown.client.results_publication import RolledBack
from watchdown.client.services import Services
from watchdown.runs.backfills import Backfill, BackfillState
from watchdown.runs.states import PUBLISHED, State
from watchdown.search.query import Description, Query
from watchdown.search.shadow import Shadow, mean, shift
from watchdown_schemas.errors import NotFound, QueryError, RunError

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run
    from watchdown.search.answer import Search
    from watchdown.search.hit import Hit

FIRST: Final = 10  # hits of each query that are compared
MOST: Final = 1_000  # of those that are remembered
LONGEST: Final = 10_000  # queries: each is answered twice
_SEE: Final = "See all with: watchdown generations list"


def listed(services: Services) -> list[Generation]:
    """Return the backfills that show what they make at one moment, newest first."""
    seen = services.ledger.models(services.ledger.view())
    found = (one for one in services.backfills.list() if one.is_generation)
    return [_told(one, backfills.runs_of(services, one.number), seen) for one in found]


def compare(
    services: Services, number: int, queries: Sequence[str | Query] | None, *, limit: int = FIRST
) -> Comparison:
    """Answer queries as readers are answered now, and as they would be once what is loaded is shown.

    A text is a description; None takes the newest of those that the library remembers. Nothing is changed.
    Raises QueryError for no query, or one that cannot be asked, RunError where nothing of the generation is
    loaded.
    """
    remembered = queries is None
    queries = different(services, MOST) if queries is None else queries
    if not queries:
        remedy = "Name a file with a description a line: --queries FILE, or let the library remember them"
        raise QueryError("the queries", "are none", f"{remedy}: log = true in [search] of its settings")
    if len(queries) > LONGEST:
        raise QueryError("the queries", f"are {len(queries)}", f"Compare on {LONGEST} at most")
    backfill, runs = _generation(services, number)
    loaded = [run.number for run in runs if run.state is State.LOADED]
    if not loaded:
        raise _nothing_loaded(backfill, runs)
    view = services.ledger.view_with(loaded)
    shadow = Shadow(services.directory, view, services.ledger.models(view))
    then = services.searching(shadow)
    shifts: list[QueryShift] = []
    for query in queries:
        try:
            shifts.append(_shift(services.search, then, query, limit))
        except (QueryError, NotFound):
            if not remembered:
                raise  # of what was asked once, a shot may be gone
    return Comparison(
        backfill=number,
        algorithm=backfill.algorithm,
        version=backfill.version,
        loaded=len(loaded),
        runs=len(runs),
        limit=limit,
        overlap=mean(one.overlap for one in shifts) or 0.0,
        rank_correlation=mean(one.rank_correlation for one in shifts),
        score_shift=mean(one.score_shift for one in shifts),
        queries=tuple(sorted(shifts, key=lambda one: (one.overlap, one.rank_correlation or 0.0))),
        notes=(*_notes(backfill, runs, len(loaded)), *_left_out(len(queries) - len(shifts))),
    )


def read_queries(file: Path) -> list[str | Query]:
    """Return the queries of a file: on each line a description, or a query as JSON; QueryError for others."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(str(file), f"cannot be read ({error})", "Name a text file in UTF-8") from error
    return [_query(file, number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]


def promote(services: Services, number: int) -> Promoted:
    """Show all that a generation has loaded, at one epoch; what cannot be trusted is held before.

    Raises RunError, and nothing is shown, while runs of it are at work, where more has failed than it
    tolerates, and where nothing is loaded.
    """
    backfill, runs = _generation(services, number)
    if not any(run.state is State.LOADED for run in runs):
        raise _nothing_loaded(backfill, runs)
    if why := backfills.unready(services, backfill, runs):
        remedy = f"See what of it with: watchdown backfills status {number}"
        raise RunError(f"backfill {number}", why, remedy)
    loaded = [run for run in services.stages.now(runs) if run.state is State.LOADED]
    backfills.show(services, number)
    backfills.settle(services, number)
    shown = [run for run in services.stages.now(loaded) if run.state in PUBLISHED]
    readers = sorted(services.batching.dependants([backfill.algorithm]))
    return Promoted(
        backfill=number,
        algorithm=backfill.algorithm,
        version=backfill.version,
        epoch=max((run.visible_from or 0 for run in shown), default=0),
        runs=len(shown),
        notes=tuple(f"{one} reads what it makes; renew it with: watchdown backfill {one}" for one in readers),
    )


def rollback(services: Services, number: int) -> RolledBack:
    """Show again what readers saw before a generation was promoted, at one epoch."""
    backfill, _runs = _generation(services, number)
    return publication.rollback(services, publication.Wish(algorithm=backfill.algorithm, backfill=number))


def _generation(services: Services, number: int) -> tuple[Backfill, list[Run]]:
    backfill = services.backfills.get(number)
    if not backfill.is_generation:
        cause = "is no generation: it shows each batch as soon as it is loaded"
        raise RunError(f"backfill {number}", cause, _SEE)
    if backfill.state is BackfillState.CANCELLED:
        raise RunError(f"backfill {number}", "was cancelled: nothing of it is ever seen", _SEE)
    return backfill, backfills.runs_of(services, number)


def _nothing_loaded(backfill: Backfill, runs: Sequence[Run]) -> RunError:
    shown = any(run.state in PUBLISHED for run in runs)
    cause = "was shown already" if shown else "has nothing that is loaded"
    remedy = f"Take it back with: watchdown generations rollback {backfill.number}"
    see = f"See how it stands with: watchdown backfills status {backfill.number}"
    return RunError(f"backfill {backfill.number}", cause, remedy if shown else see)


def _told(backfill: Backfill, runs: Sequence[Run], seen: dict[str, set[str]]) -> Generation:
    states = [run.state for run in runs]
    models = {run.model for run in runs if run.model and run.algorithm == backfill.algorithm}
    loaded = states.count(State.LOADED)
    published = sum(state in PUBLISHED for state in states)
    failed = sum(state in (State.FAILED, State.CANCELLED, State.QUARANTINED) for state in states)
    return Generation(
        backfill=backfill.number,
        algorithm=backfill.algorithm,
        version=backfill.version,
        state=backfill.state,
        publish=backfill.publish,
        models=tuple(sorted(models)),
        seen=tuple(sorted(seen.get(backfill.algorithm, ()))),
        runs=len(runs),
        loaded=loaded,
        published=published,
        failed=failed,
        ready=loaded > 0 and loaded + published + failed == len(runs),
        created_at=backfill.created_at,
    )


def _shift(now: Search, then: Search, given: str | Query, limit: int) -> QueryShift:
    query = Query(leaf=Description(text=given)) if isinstance(given, str) else given
    before, after = now.answer(query, limit=limit).hits, then.answer(query, limit=limit).hits
    found = shift(before, after)
    return QueryShift(
        query=query.describe(),
        before=len(before),
        after=len(after),
        overlap=found.overlap,
        rank_correlation=found.rank_correlation,
        score_shift=found.score_shift,
        gone=tuple(map(_place, found.gone)),
        came=tuple(map(_place, found.came)),
    )


def _place(hit: Hit) -> Place:
    return Place(
        title=hit.title,
        title_name=hit.title_name,
        start_ns=hit.start_ns,
        timecode=hit.timecode,
        score=hit.score,
        thumbnail=hit.thumbnail,
    )


def _notes(backfill: Backfill, runs: Sequence[Run], loaded: int) -> Iterator[str]:
    if loaded < len(runs):
        yield f"{loaded} of {len(runs)} runs are loaded: the other titles answer as now"
    if len({run.model for run in runs if run.algorithm == backfill.algorithm}) > 1:
        yield "the runs of this generation are of several models"


def _left_out(count: int) -> Iterator[str]:
    if count:
        yield f"{count} of the queries that are remembered cannot be asked any more, and were left out"


def _query(file: Path, number: int, line: str) -> str | Query:
    if not line.startswith("{"):
        return line
    try:
        return Query.model_validate_json(line)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise QueryError(f"{file}, line {number}", f"is no query ({faults})", "Mend it") from error
