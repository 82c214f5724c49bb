"""The page of each DAG, as Airflow shows it: what it does, its form, each step by hand, a failed title."""

from __future__ import annotations

from typing import Final

from watchdown_algos.manifest import Manifest

FORM: Final = """\
## The form

| parameter | what it does |
| --- | --- |
| `titles` | names or ids, patterns such as `Night*`, or metadata such as `season:2`, one a line; {titles} |
| `size` | titles in one batch, and so in one Kubernetes Job; each batch is published as soon as it is done |
| `concurrency` | titles of a batch that are worked at once; empty: as many as there is room for |
| `rate` | most documents a second to load; empty: as the library's budget allows |
| `tolerance` | share of the titles that may fail in a run that is still called a success; 0: none |
"""
STEPS: Final = """\
## Each step by hand

Each task is one command, shown first in its log. All may be repeated: what is done is not done again.

```
{plan}
kubectl get job watchdown-B                   # work: one pod a title
watchdown work --batch B --index I            # what the pod of title I runs
watchdown record --batch B                    # what the pods left, into the ledger
watchdown validate --batch B                  # Great Expectations judges; its report is linked from the task
watchdown load --batch B
watchdown publish --batch B                   # what is loaded is seen, at once
watchdown report --batch B
```

`B` is the id of a batch, which `plan` prints; `--library` names the library, as in the logs.
"""
FAILED: Final = """\
## A title failed, what now

One bad title never stops a batch: the others are published. The log of `report` names each title that failed,
its cause, and the command that tries it again:

```
watchdown backfill {algorithm} --titles TITLE --via airflow
```

| cause | what it means |
| --- | --- |
| a damaged or missing file is named, or a line of code | the title is bad: it was not tried again |
| a setting, an address or credentials are named | mend the connection or the Secret; it was not tried again |
| exit code 1, 143, or a server that does not answer | bad luck, three times; retry it |
| OOMKilled | it needs more than `memory_mib` in `algo.toml` |
| DeadlineExceeded | it needs more than `deadline_minutes` in `algo.toml` |
| never started | no node could take it: image, GPU, memory or queue |
| deleted | somebody deleted the Job; `work` submits it again when retried or cleared |

`record` runs even where `work` failed, so no title stays half done. Clear a failed task to go on from there.
"""
NEW_ASSETS: Final = """\
# New assets

Runs whatever is missing. Algorithms that share an image work a title in one pass, which decodes it once;
then come those that consume records and lack a run (`dependants`).

It runs when triggered; a schedule is a word in the DAG file: `schedules={"new_assets": "@hourly"}`.
"""
ON_DEMAND: Final = """\
# On demand

Runs a title now, then what consumes its records (`dependants`); `bundle` makes the results a file, linked
from the task.

`algorithms`: which to run; none means all that consume media.
"""


def algorithm_page(manifest: Manifest) -> str:
    """Return the page of an algorithm's DAG."""
    needs = manifest.resources
    memory = f"{needs.memory_mib} MiB"
    gpu = f", {needs.gpu} GPU where no server of models is set" if needs.gpu else ""
    facts = {
        "version": manifest.version,
        "consumes": ", ".join(manifest.consumes),
        "produces": ", ".join(manifest.produces),
        "image": manifest.image,
        "a title needs": f"{needs.cpu:g} CPU, {memory}{gpu}; at most {needs.deadline_minutes} minutes",
        "model": manifest.model.name if manifest.model else "none",
        **{f"parameter `{name}`": f"{value}" for name, value in manifest.parameters.items()},
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    return "\n".join(
        [
            f"# {manifest.name}\n\n{manifest.summary}\n\n| | |\n| --- | --- |\n{table}",
            _common(f"watchdown batch {manifest.name}", manifest.name, "none means all that lack a run"),
        ]
    )


def new_assets_page() -> str:
    """Return the page of the DAG of new assets."""
    plan = "watchdown batch --over media"
    return "\n".join([NEW_ASSETS, _common(plan, "ALGORITHM", "none means all that lack a run")])


def on_demand_page() -> str:
    """Return the page of the DAG of one title."""
    plan = "watchdown batch --over media --titles TITLE"
    return "\n".join([ON_DEMAND, _common(plan, "ALGORITHM", "at least one")])


def _common(plan: str, algorithm: str, titles: str) -> str:
    steps = STEPS.format(plan=f"{plan:<45} # plan: which titles, in which batches")
    return "\n".join([FORM.format(titles=titles), steps, FAILED.format(algorithm=algorithm)])
