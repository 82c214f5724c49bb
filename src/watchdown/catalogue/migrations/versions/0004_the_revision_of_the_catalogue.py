"""Which titles have changed since when, so that a store can be told what it does not know yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give every title a revision; those that are there count as changed once."""
    op.add_column("titles", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"))
    op.create_index("ix_titles_revision", "titles", ["revision"])
    counters = sa.table("counters", sa.column("name", sa.String()), sa.column("value", sa.BigInteger()))
    op.bulk_insert(counters, [{"name": "catalogue", "value": 1}])
