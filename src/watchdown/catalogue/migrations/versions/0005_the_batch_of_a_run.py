"""The batch that a run is worked in, so that it is planned once and found again by its batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let runs have a batch; those that are there were worked without one that is kept."""
    op.add_column("runs", sa.Column("batch", TEXT, nullable=True))
    op.create_index("ix_runs_batch", "runs", ["batch"])
