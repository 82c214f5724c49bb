"""The steps that runs may take, enforced; what the governor of loads has learnt; when the collected went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from watchdown.catalogue.migrations.run_rules import enforce

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STEPS = {
    "planned": "running failed cancelled",
    "running": "running staged failed cancelled",
    "staged": "validated quarantined failed cancelled",
    "validated": "loaded quarantined failed cancelled",
    "loaded": "active quarantined failed cancelled",
    "active": "superseded",
    "superseded": "active",
}


def upgrade() -> None:
    """Add them; every publication that is there showed results, and no load was for a backfill."""
    op.add_column("runs", sa.Column("removed_at", TEXT, nullable=True))
    op.add_column("loaders", sa.Column("backfill", sa.BigInteger, nullable=True))
    op.add_column("loaders", sa.Column("rate", sa.Double, nullable=True))
    op.add_column("loaders", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "load_state",
        sa.Column("what", TEXT, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    for name in ("visible_from", "visible_to"):
        seen = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_runs_{name}", "runs", [name], sqlite_where=seen, postgresql_where=seen)
    op.add_column("publications", sa.Column("kind", TEXT, nullable=False, server_default="published"))
    steps = op.create_table(
        "run_steps",
        sa.Column("from_state", TEXT, primary_key=True),
        sa.Column("to_state", TEXT, primary_key=True),
    )
    op.bulk_insert(
        steps, [{"from_state": old, "to_state": new} for old, after in STEPS.items() for new in after.split()]
    )
    enforce(op.get_bind())
