"""The budget that all loaders share: its limits, and who loads now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables of the load budget; without a limit in them, loads are as fast as they can be."""
    op.create_table(
        "load_limits",
        sa.Column("what", TEXT, primary_key=True),
        sa.Column("per_second", sa.Double(), nullable=False),
        sa.Column("changed_at", TEXT, nullable=False),
    )
    op.create_table(
        "loaders",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("documents_rate", sa.Double(), nullable=False),
        sa.Column("documents_wanted", sa.Double(), nullable=True),
        sa.Column("documents_share", sa.Double(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("bytes_rate", sa.Double(), nullable=False),
        sa.Column("bytes_wanted", sa.Double(), nullable=True),
        sa.Column("bytes_share", sa.Double(), nullable=True),
    )
