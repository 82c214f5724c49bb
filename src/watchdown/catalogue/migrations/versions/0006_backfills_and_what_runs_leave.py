"""Backfills and leases on batches, and what is known of a run beyond its state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; runs that are there cost nobody knows what, and none was taken back or collected."""
    op.add_column("runs", sa.Column("origin", TEXT, nullable=False, server_default="worked"))
    op.add_column("runs", sa.Column("cost", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("digests", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("rolled_back_at", TEXT, nullable=True))
    op.add_column("runs", sa.Column("collected_at", TEXT, nullable=True))
    op.create_table(
        "earlier_spans",
        sa.Column("run", sa.BigInteger, sa.ForeignKey("runs.number"), primary_key=True),
        sa.Column("visible_from", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("visible_to", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "batches",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("image", TEXT, nullable=False),
        sa.Column("titles", sa.Integer, nullable=False),
        sa.Column("algorithms", sa.JSON, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("planned_at", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=True),
        sa.Column("lease_until", sa.Double, nullable=True),
        sa.Column("token", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "backfills",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("titles", sa.JSON, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("rate", sa.Double, nullable=True),
        sa.Column("concurrency", sa.Integer, nullable=False),
        sa.Column("publish", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("tolerance", sa.Double, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("state", TEXT, nullable=False, index=True),
        sa.Column("handle", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
    )
    op.create_table(
        "backfill_batches",
        sa.Column("backfill", sa.BigInteger, sa.ForeignKey("backfills.number"), primary_key=True),
        sa.Column("batch", TEXT, sa.ForeignKey("batches.name"), primary_key=True, index=True),
    )
    counters = sa.table("counters", sa.column("name", TEXT), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": "backfill", "value": 0}, {"name": "oldest", "value": 0}])
