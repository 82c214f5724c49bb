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
    any_title = sa.exists().select_from(sa.table("titles"))
    counters = sa.table("counters", sa.column("name", sa.String()), sa.column("value", sa.BigInteger()))
    first = sa.select(sa.literal("catalogue"), sa.case((any_title, 1), else_=0))
    op.execute(counters.insert().from_select(["name", "value"], first))
