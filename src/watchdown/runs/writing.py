"""Runs that are written rather than computed: rows from people and programs, and runs derived from runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types, in_versions
from watchdown.runs.record import move_refused
from watchdown.runs.stages import Stages
from watchdown.runs.staging import Staging
from watchdown.runs.states import OPEN, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.check import Check
from watchdown.validation.policy import Tolerance
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.registry import Registry

Rows = Callable[[Stamp], Iterable[Converted]]
NO_BAD_ROWS = Tolerance(0)
_LEFT_OPEN = (State.STAGED, State.VALIDATED, State.LOADED)


def new_key(schemas: Iterable[str], types: Types) -> str:
    """Return a memo key of rows that are like no others."""
    return in_versions(uuid.uuid4().hex, schemas, types)


def played(catalogue: Catalogue, title: str) -> str:
    """Return the asset that a title's rows belong to unless they say otherwise: the one that is played."""
    found = [asset for asset in catalogue.assets(title) if asset.kind in {"video", "audio"}]
    return min(found, key=lambda asset: (asset.kind != "video", asset.id)).id if found else ""


class Writing:
    """Writes a run whole: staged, validated, loaded and published as one that an algorithm computed."""

    def __init__(
        self,
        *,
        storage: Storage,
        catalogue: Catalogue,
        ledger: Ledger,
        stages: Stages,
        types: Registry,
    ) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._ledger = ledger
        self._stages = stages
        self._types = types

    def write(
        self,
        title: Title,
        parts: Mapping[str, Rows],
        *,
        algorithm: str,
        version: str,
        memo_key: str | None = None,
        model: str | None = None,
        tolerance: Tolerance = NO_BAD_ROWS,
    ) -> Run:
        """Write rows by schema type as the next run of the slot (algorithm, title), and publish it.

        Returns the run as it ended: active, or quarantined where `tolerance` is exceeded. Whatever
        `parts` raises leaves a failed run of which nothing is seen.
        """
        for name in parts:
            self._types.remember(self._types[name])
        timeline = self._catalogue.timeline(title.id)
        key = memo_key or new_key(parts, self._types)

        def plan() -> Run:
            return self._ledger.plan(
                title=title.id,
                timeline=timeline.id,
                algorithm=algorithm,
                version=version,
                memo_key=key,
                model=model,
            )

        run = plan()
        if run.state in _LEFT_OPEN:  # by a process that died: what it staged may not be what is written now
            self._ledger.step(run.number, State.CANCELLED)
            self._storage.delete_all(keys.staged(run.number))
            run = plan()
        if run.state not in OPEN:
            return run
        stamp = Stamp(
            run=run.number,
            title=title.id,
            timeline=timeline.id,
            asset=played(self._catalogue, title.id),
            algorithm=algorithm,
            version=version,
        )
        self._ledger.step(run.number, State.RUNNING)
        try:
            self._stage(run, parts, stamp, timeline.duration_ns)
        except BaseException as error:
            self._ledger.step(run.number, State.FAILED, error=f"{type(error).__name__}: {error}")
            raise
        try:
            self._stages.through([self._ledger.get(run.number)], lambda _run: tolerance)
        except Exception as error:
            with suppress(LibraryError):  # a full disk takes no note of it
                if self._ledger.get(run.number).state in OPEN:
                    self._ledger.step(run.number, State.FAILED, error=str(error))
            raise
        return self._ledger.get(run.number)

    def move_refused(self, old: int, new: int, schema: str, handed_back: Collection[int] = ()) -> None:
        """Leave the refused rows of a run to the one that takes its place, but for those handed back."""
        move_refused(self._storage, old, new, schema, handed_back)

    def _stage(self, run: Run, parts: Mapping[str, Rows], stamp: Stamp, duration_ns: int) -> None:
        staging = Staging(self._storage, run.number)
        try:
            for name, rows in parts.items():
                staging.expect(name)
                check = Check(self._types[name], duration_ns)
                for converted in rows(stamp):
                    staging.write(name, check(converted.batch, converted.faults))
            staging.commit()
        except BaseException:
            staging.discard()
            raise
