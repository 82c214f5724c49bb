"""What the database itself refuses of runs, whatever program asks: states that cannot follow one another."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

_SUCH: Final = "SELECT 1 FROM run_steps WHERE from_state = OLD.state AND to_state = NEW.state"

# By name: when it is looked at, and at which rows; what is refused of those, and what is said. PostgreSQL
# calls a function for those rows only, which matters where thousands are changed at once.
_RULES: Final = {
    "runs_begin": ("INSERT", "NEW.state <> 'planned'", "true", "a run begins as planned"),
    "runs_step": (
        "UPDATE OF state",
        "NEW.state <> OLD.state",
        f"NOT EXISTS ({_SUCH})",
        "no run takes this step; the table run_steps has those that there are",
    ),
    "runs_seen": (
        "UPDATE OF state, collected_at",
        "NEW.state = 'active' AND NEW.collected_at IS NOT NULL",
        "true",
        "a run that is removed cannot be seen",
    ),
    "runs_gone": (
        "UPDATE OF collected_at",
        "OLD.collected_at IS NOT NULL AND NEW.collected_at IS NULL",
        "true",
        "a run that is removed stays so",
    ),
}


def enforce(connection: Connection) -> None:
    """Make the triggers on the table of runs; it and `run_steps` are there."""
    for name, (event, rows, refused, said) in _RULES.items():
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON runs FOR EACH ROW"
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {refused} THEN RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW; END $$"
            )
            connection.exec_driver_sql(f"{begin} WHEN ({rows}) EXECUTE FUNCTION {name}()")
        else:
            ended = f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            connection.exec_driver_sql(f"{begin} WHEN {rows} AND {refused} {ended}")
