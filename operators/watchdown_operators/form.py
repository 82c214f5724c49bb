"""The form of a DAG run: typed parameters, which Airflow checks before the run begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from airflow.sdk import Param

BATCH: Final = 100
LARGEST: Final = 1000
CHOOSE: Final = "Names or ids, patterns such as Night*, or metadata such as season:2, one a line"


def form(algorithms: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the parameters of a DAG; with `algorithms` to choose from, at least one title must be named."""
    titles: dict[str, Any] = {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "uniqueItems": True,
    }
    params = {
        "titles": Param(
            [],
            title="Titles",
            description=f"{CHOOSE}; none means all that lack a run.",
            **titles,
        ),
        "size": Param(
            BATCH,
            type="integer",
            minimum=1,
            maximum=LARGEST,
            title="Batch size",
            description="Titles in one Job; each batch is published as soon as it is done.",
        ),
        "concurrency": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Concurrency",
            description="Titles of a batch that are worked at once; empty: as many as there is room for.",
        ),
        "rate": Param(
            None,
            type=["null", "number"],
            minimum=0.001,
            title="Rate",
            description="Most documents a second to load; empty: as the library's budget allows.",
        ),
        "tolerance": Param(
            0.0,
            type="number",
            minimum=0,
            maximum=1,
            title="Tolerance",
            description="Share of the titles that may fail in a run that is still called a success.",
        ),
    }
    if algorithms is None:
        return params
    params["titles"] = Param(title="Titles", description=f"{CHOOSE}; at least one.", minItems=1, **titles)
    chosen = Param(
        [],
        type="array",
        items={"type": "string", "enum": list(algorithms)},
        examples=list(algorithms),
        uniqueItems=True,
        title="Algorithms",
        description="Which to run; none means all that consume media.",
    )
    return {"titles": params.pop("titles"), "algorithms": chosen, **params}
