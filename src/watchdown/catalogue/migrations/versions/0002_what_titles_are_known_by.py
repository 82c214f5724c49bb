"""Metadata, people, casts and rights of titles; schema types of the library; corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables of what a title is known by, and of what people declare and correct."""
    op.create_table(
        "title_metadata",
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", sa.JSON(), nullable=False),
    )
    op.create_index("ix_title_metadata_name", "title_metadata", ["name"])
    op.create_table(
        "people",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
    )
    op.create_table(
        "person_names",
        sa.Column("folded", TEXT, primary_key=True),
        sa.Column("person", TEXT, sa.ForeignKey("people.id"), primary_key=True),
    )
    op.create_index("ix_person_names_person", "person_names", ["person"])
    op.create_table(
        "cast_members",
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("credit", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("person", TEXT, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("character", TEXT, nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
    )
    op.create_index("ix_cast_members_person", "cast_members", ["person"])
    op.create_table(
        "title_rights",
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("group", TEXT, primary_key=True),
    )
    op.create_table(
        "schema_types",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("declaration", sa.JSON(), nullable=False),
        sa.Column("registered_at", TEXT, nullable=False),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", TEXT, sa.ForeignKey("titles.id"), nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("schema_type", TEXT, nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.Column("withdrawn_at", TEXT, nullable=True),
    )
    op.create_index("ix_corrections_slot", "corrections", ["title", "algorithm"])
