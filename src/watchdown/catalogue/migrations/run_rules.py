"""What the database itself refuses of runs, whatever program asks: states that cannot follow one another."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

_SUCH: Final = "SELECT 1 FROM run_steps WHERE from_state = OLD.state AND to_state = NEW.state"

# By name: when it is looked at, what is refused, and what is said then.
_RULES: Final = {
    "runs_begin": ("INSERT", "NEW.state <> 'planned'", "a run begins as planned"),
    "runs_step": (
        "UPDATE OF state",
        f"NEW.state <> OLD.state AND NOT EXISTS ({_SUCH})",
        "no run takes this step; the table run_steps has those that there are",
    ),
    "runs_seen": (
        "UPDATE OF state, collected_at",
        "NEW.state = 'active' AND NEW.collected_at IS NOT NULL",
        "a run that is removed cannot be seen",
    ),
    "runs_gone": (
        "UPDATE OF collected_at",
        "OLD.collected_at IS NOT NULL AND NEW.collected_at IS NULL",
        "a run that is removed stays so",
    ),
}


def enforce(connection: Connection) -> None:
    """Make the triggers on the table of runs; it and `run_steps` are there."""
    for name, (event, refused, said) in _RULES.items():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {refused} THEN RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW; END $$"
            )
            statement = f"CREATE TRIGGER {name} BEFORE {event} ON runs FOR EACH ROW EXECUTE FUNCTION {name}()"
        else:
            statement = (
                f"CREATE TRIGGER {name} BEFORE {event} ON runs WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        connection.exec_driver_sql(statement)
