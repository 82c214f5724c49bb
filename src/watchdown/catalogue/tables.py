"""The tables of the database. Every change here is a new step in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ordered by code points everywhere, as SQLite does, whatever a server's locale says.
TEXT = String().with_variant(String(collation="C"), "postgresql")

titles = Table(
    "titles",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("added_at", TEXT, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="1", index=True),
)

timelines = Table(
    "timelines",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("title", ForeignKey("titles.id"), nullable=False, index=True),
    Column("duration_ns", BigInteger, nullable=False),
    Column("rate_numerator", Integer, nullable=False),
    Column("rate_denominator", Integer, nullable=False),
    Column("start_frame", BigInteger, nullable=False),
    Column("drop_frame", Boolean, nullable=True),
)

assets = Table(
    "assets",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("title", ForeignKey("titles.id"), nullable=False, index=True),
    Column("timeline", ForeignKey("timelines.id"), nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("copied", Boolean, nullable=False),
    Column("fingerprint", TEXT, nullable=False, index=True),
    Column("language", TEXT, nullable=True),
    Column("offset_ns", BigInteger, nullable=False),
    Column("facts", JSON, nullable=False),
)

# One row: what tells this library from every other.
library = Table("library", metadata, Column("id", TEXT, primary_key=True))

counters = Table(
    "counters",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("title", ForeignKey("titles.id"), nullable=False),
    Column("timeline", ForeignKey("timelines.id"), nullable=False),
    Column("algorithm", TEXT, nullable=False),
    Column("version", TEXT, nullable=False),
    Column("memo_key", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("visible_from", BigInteger, nullable=True),
    Column("visible_to", BigInteger, nullable=True),
    Column("counts", JSON, nullable=False),
    Column("content", TEXT, nullable=True),
    Column("model", TEXT, nullable=True),
    Column("warnings", JSON, nullable=False),
    Column("error", TEXT, nullable=True),
    Column("batch", TEXT, nullable=True, index=True),
    # Whether an algorithm computes it from a batch, or a program writes it: "worked" or "written".
    Column("origin", TEXT, nullable=False, server_default="worked"),
    # What it cost to work: CPU and GPU seconds, seconds of the clock, bytes and nanoseconds of media.
    Column("cost", JSON(none_as_null=True), nullable=True),
    # By schema type, what its rows hash to, in whatever order and store they lie.
    Column("digests", JSON(none_as_null=True), nullable=True),
    # When somebody took it back from readers; it is not published again unless asked for.
    Column("rolled_back_at", TEXT, nullable=True),
    # When it was given up to be removed: such a run can be seen no more.
    Column("collected_at", TEXT, nullable=True),
    # When its rows and files were gone.
    Column("removed_at", TEXT, nullable=True),
    Column("created_at", TEXT, nullable=False),
    Column("updated_at", TEXT, nullable=False),
    Index("ix_runs_slot", "title", "algorithm", "state"),
    # What has changed since an epoch; runs that were never seen are not in them.
    *(
        Index(
            f"ix_runs_{name}",
            name,
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("visible_from", "visible_to")
    ),
    # The database itself keeps a slot from ever having two active runs.
    Index(
        "uq_runs_active_slot",
        "title",
        "algorithm",
        unique=True,
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
)

# The steps that a run may take; triggers refuse every other (`migrations/run_rules.py`).
run_steps = Table(
    "run_steps",
    metadata,
    Column("from_state", TEXT, primary_key=True),
    Column("to_state", TEXT, primary_key=True),
)

# `kind` is "published", "taken back", "shown again" or "forgotten".
publications = Table(
    "publications",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("at", TEXT, nullable=False),
    Column("last_run", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False, server_default="published"),
)

# When a run was seen before it was taken back and shown again; its newest time is in `runs`.
earlier_spans = Table(
    "earlier_spans",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("visible_from", BigInteger, primary_key=True, autoincrement=False),
    Column("visible_to", BigInteger, nullable=False),
)

# A lease ends by itself; each one has a higher token than the one before, so that a late holder is told.
batches = Table(
    "batches",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("image", TEXT, nullable=False),
    Column("titles", Integer, nullable=False),
    Column("algorithms", JSON, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("planned_at", TEXT, nullable=False),
    Column("holder", TEXT, nullable=True),
    Column("lease_until", Double, nullable=True),
    Column("token", BigInteger, nullable=False, server_default="0"),
)

backfills = Table(
    "backfills",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("algorithm", TEXT, nullable=False),
    Column("version", TEXT, nullable=False),
    Column("titles", JSON, nullable=False),
    Column("size", Integer, nullable=False),
    Column("rate", Double, nullable=True),
    Column("concurrency", Integer, nullable=False),
    Column("publish", TEXT, nullable=False),
    Column("via", TEXT, nullable=False),
    Column("tolerance", Double, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("state", TEXT, nullable=False, index=True),
    # What its executor knows it by, where it goes on without whoever began it.
    Column("handle", TEXT, nullable=True),
    Column("created_at", TEXT, nullable=False),
    Column("updated_at", TEXT, nullable=False),
)

# A batch that is open belongs to every backfill that wants what is in it.
backfill_batches = Table(
    "backfill_batches",
    metadata,
    Column("backfill", ForeignKey("backfills.number"), primary_key=True),
    Column("batch", ForeignKey("batches.name"), primary_key=True, index=True),
)

# A value is an object of one key, its kind: {"number": 7.5}.
title_metadata = Table(
    "title_metadata",
    metadata,
    Column("title", ForeignKey("titles.id"), primary_key=True),
    Column("name", TEXT, primary_key=True, index=True),
    Column("value", JSON, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("aliases", JSON, nullable=False),
)

# Names and aliases as `people.name_key` folds them, so that a person is found without reading all.
person_names = Table(
    "person_names",
    metadata,
    Column("folded", TEXT, primary_key=True),
    Column("person", ForeignKey("people.id"), primary_key=True, index=True),
)

cast_members = Table(
    "cast_members",
    metadata,
    Column("title", ForeignKey("titles.id"), primary_key=True),
    Column("credit", Integer, primary_key=True, autoincrement=False),
    Column("person", ForeignKey("people.id"), nullable=False, index=True),
    Column("character", TEXT, nullable=True),
    Column("aliases", JSON, nullable=False),
)

# A title without a row here may be seen by everyone.
title_rights = Table(
    "title_rights",
    metadata,
    Column("title", ForeignKey("titles.id"), primary_key=True),
    Column("group", TEXT, primary_key=True),
)

schema_types = Table(
    "schema_types",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("declaration", JSON, nullable=False),
    Column("registered_at", TEXT, nullable=False),
)

# `changes` is null where the record is removed, `withdrawn_at` where the correction holds.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", ForeignKey("titles.id"), nullable=False),
    Column("algorithm", TEXT, nullable=False),
    Column("schema_type", TEXT, nullable=False),
    Column("target", JSON, nullable=False),
    Column("changes", JSON(none_as_null=True), nullable=True),
    Column("author", TEXT, nullable=False),
    Column("made_at", TEXT, nullable=False),
    Column("withdrawn_at", TEXT, nullable=True),
    Index("ix_corrections_slot", "title", "algorithm"),
)

# What all loaders together may write in a second; without a row, as much as they can.
load_limits = Table(
    "load_limits",
    metadata,
    Column("what", TEXT, primary_key=True),
    Column("per_second", Double, nullable=False),
    Column("changed_at", TEXT, nullable=False),
)

# Who loads now. A share is null where nothing is limited, a want where the loader takes all that it gets.
loaders = Table(
    "loaders",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("since", TEXT, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("documents", BigInteger, nullable=False),
    Column("documents_rate", Double, nullable=False),
    Column("documents_wanted", Double, nullable=True),
    Column("documents_share", Double, nullable=True),
    Column("bytes", BigInteger, nullable=False),
    Column("bytes_rate", Double, nullable=False),
    Column("bytes_wanted", Double, nullable=True),
    Column("bytes_share", Double, nullable=True),
    Column("backfill", BigInteger, nullable=True),
    Column("rate", Double, nullable=True),
    Column("urgent", Boolean, nullable=False, server_default=false()),
)
# What else all loaders go by: what people chose, and what the governor has learnt.
load_state = Table(
    "load_state",
    metadata,
    Column("what", TEXT, primary_key=True),
    Column("value", JSON, nullable=False),
)
