"""Metadata, people, casts and rights of titles; schema types of the library; corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of what a title is known by, and of what people declare and correct."""
    op.create_table(
        "title_metadata",
        sa.Column("title", sa.String(), sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.JSON(), nullable=False),
    )
    op.create_index("ix_title_metadata_name", "title_metadata", ["name"])
    op.create_table(
        "people",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
    )
    op.create_table(
        "person_names",
        sa.Column("folded", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), sa.ForeignKey("people.id"), primary_key=True),
    )
    op.create_index("ix_person_names_person", "person_names", ["person"])
    op.create_table(
        "cast_members",
        sa.Column("title", sa.String(), sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("credit", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("character", sa.String(), nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
    )
    op.create_index("ix_cast_members_person", "cast_members", ["person"])
    op.create_table(
        "title_rights",
        sa.Column("title", sa.String(), sa.ForeignKey("titles.id"), primary_key=True),
        sa.Column("group", sa.String(), primary_key=True),
    )
    op.create_table(
        "schema_types",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("declaration", sa.JSON(), nullable=False),
        sa.Column("registered_at", sa.String(), nullable=False),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(), sa.ForeignKey("titles.id"), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("schema_type", sa.String(), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.String(), nullable=True),
    )
    op.create_index("ix_corrections_slot", "corrections", ["title", "algorithm"])
