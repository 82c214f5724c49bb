"""Pictures that records lead to: a run that was made from another one's shows the pictures of that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from watchdown.runs.derive import ReadRun
from watchdown.runs.ledger import Ledger
from watchdown.runs.memo import Types
from watchdown.runs.stages import model_of
from watchdown.runs.states import PUBLISHED
from watchdown_schemas.fields import fields
from watchdown_schemas.roles import Blob


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """Reads from records which pictures they show."""

    ledger: Ledger
    types: Types
    read: ReadRun

    def led_to(self, title: str, without: Collection[int] = ()) -> set[str]:
        """Return the folders, `<fingerprint>/<run>/`, that a title's published runs lead to."""
        found: set[str] = set()
        for run in self.ledger.runs(title, PUBLISHED):
            if run.number in without or run.collected_at is not None:
                continue
            for name, rows in run.counts.items():
                schema = self.types[name]
                columns = [field.name for field in fields(schema) if field.role(Blob)]
                if not columns or not rows:
                    continue
                for batch in self.read(name, run.number, model_of(run, name, self.types)):
                    for column in columns:
                        found |= {
                            f"{key.rpartition('/')[0]}/" for key in batch.column(column).to_pylist() if key
                        }
        return found
