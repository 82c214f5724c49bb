"""Titles, timelines, assets, counters, runs and publications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables of the first version."""
    op.create_table(
        "titles",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("added_at", TEXT, nullable=False),
    )
    op.create_table(
        "timelines",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("rate_numerator", sa.Integer(), nullable=False),
        sa.Column("rate_denominator", sa.Integer(), nullable=False),
        sa.Column("start_frame", sa.BigInteger(), nullable=False),
        sa.Column("drop_frame", sa.Boolean(), nullable=True),
    )
    op.create_index("ix_timelines_title", "timelines", ["title"])
    op.create_table(
        "assets",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), nullable=False),
        sa.Column("timeline", TEXT, sa.ForeignKey("timelines.id"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("copied", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("offset_ns", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
    )
    op.create_index("ix_assets_title", "assets", ["title"])
    op.create_index("ix_assets_fingerprint", "assets", ["fingerprint"])
    counters = op.create_table(
        "counters",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(counters, [{"name": "run", "value": 0}, {"name": "epoch", "value": 0}])
    op.create_table(
        "runs",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), nullable=False),
        sa.Column("timeline", TEXT, sa.ForeignKey("timelines.id"), nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("memo_key", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("visible_from", sa.BigInteger(), nullable=True),
        sa.Column("visible_to", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("content", TEXT, nullable=True),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
    )
    op.create_index("ix_runs_slot", "runs", ["title", "algorithm", "state"])
    op.create_index(
        "uq_runs_active_slot",
        "runs",
        ["title", "algorithm"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "publications",
        sa.Column("epoch", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("last_run", sa.BigInteger(), nullable=False),
    )
