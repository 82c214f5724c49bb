"""Every metric: its name, kind, labels and meaning, in one table that the reference is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["gauge", "counter", "histogram"]
STATIONS: Final = ("plan", "work", "record", "validate", "load", "publish", "collect")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric by Prometheus's conventions: base units, and `_total` where it only grows."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


# Of the whole library, read from its database whenever they are asked for: no process has to go on for them.
LIBRARY: Final = (
    Metric("watchdown_build_info", "gauge", ("version",), "1, for the version of Watchdown that answers."),
    Metric("watchdown_titles", "gauge", (), "Titles."),
    Metric("watchdown_runs", "gauge", ("algorithm", "state"), "Runs by the state that they are in."),
    Metric(
        "watchdown_slots",
        "gauge",
        ("algorithm", "state"),
        "Titles by the state of an algorithm's newest run over each; falls when what failed is mended.",
    ),
    Metric(
        "watchdown_station_waiting",
        "gauge",
        ("station", "algorithm"),
        "Runs that wait for a station, or are at work there.",
    ),
    Metric(
        "watchdown_station_lag_seconds",
        "gauge",
        ("station", "algorithm"),
        "Age of the run that has waited longest for a station; of collection, since it was superseded.",
    ),
    Metric(
        "watchdown_station_done",
        "gauge",
        ("station", "algorithm"),
        "Runs that are past a station; deriv() of it is the rate.",
    ),
    Metric(
        "watchdown_failures",
        "gauge",
        ("station", "algorithm", "kind"),
        "Runs that ended at a station: lost (no worker finished it), raised (by the algorithm), held (in "
        "quarantine), failed (anything else).",
    ),
    Metric("watchdown_rows", "gauge", ("algorithm", "schema_type"), "Records that readers see."),
    Metric(
        "watchdown_cost",
        "gauge",
        ("algorithm", "what"),
        "What all runs took to work, as they measured it: seconds, bytes and nanoseconds, by what it is of.",
    ),
    Metric("watchdown_epoch", "gauge", (), "The newest epoch: how often something was published."),
    Metric("watchdown_oldest_epoch", "gauge", (), "The oldest epoch that can still be read."),
    Metric("watchdown_publication_age_seconds", "gauge", (), "Time since the newest publication."),
    Metric("watchdown_backfills", "gauge", ("state",), "Backfills by state."),
    Metric("watchdown_batches_leased", "gauge", (), "Batches that somebody works on now."),
    Metric("watchdown_loaders", "gauge", (), "Loaders that hold a share of the load budget."),
    Metric(
        "watchdown_load_limit_per_second",
        "gauge",
        ("unit",),
        "What all loaders together may write, in documents or bytes; absent where it is not limited.",
    ),
    Metric(
        "watchdown_load_granted_per_second",
        "gauge",
        ("unit",),
        "What is granted to loaders now; absent where it is not limited.",
    ),
    Metric("watchdown_load_used_per_second", "gauge", ("unit",), "What loaders write now."),
)

# Of one process that works, where `[telemetry]` names who is told.
PROCESS: Final = (
    Metric(
        "watchdown_station_runs_total",
        "counter",
        ("station", "algorithm", "outcome"),
        "Runs that a station moved on, by the state that they came to.",
    ),
    Metric("watchdown_station_seconds", "histogram", ("station",), "Time that a station took for one call."),
    Metric(
        "watchdown_station_failures_total",
        "counter",
        ("station", "kind"),
        "Faults by the name of the error: of calls, and of tasks at work.",
    ),
    Metric("watchdown_worked_rows_total", "counter", ("schema_type",), "Rows that were worked and staged."),
    Metric("watchdown_loaded_rows_total", "counter", ("schema_type",), "Rows taken from the load budget."),
    Metric("watchdown_loaded_bytes_total", "counter", ("schema_type",), "Their bytes."),
    Metric("watchdown_dead_rows_total", "counter", ("schema_type",), "Rows that a store refused."),
    Metric(
        "watchdown_budget_wait_seconds_total", "counter", (), "Time that loaders waited for the load budget."
    ),
    Metric("watchdown_search_seconds", "histogram", (), "Time that a query took."),
)
BY_NAME: Final = {metric.name: metric for metric in (*LIBRARY, *PROCESS)}
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
