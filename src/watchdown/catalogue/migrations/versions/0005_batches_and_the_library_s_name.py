"""The batch that a run is worked in, and what tells a library from others, and so its batches from theirs."""

from __future__ import annotations

import uuid

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
    library = op.create_table("library", sa.Column("id", TEXT, primary_key=True))
    op.bulk_insert(library, [{"id": uuid.uuid4().hex}])
