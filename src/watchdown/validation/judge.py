"""The judge: a Great Expectations checkpoint over the profiles of a batch, and one report with Data Docs."""

from __future__ import annotations

import html
import logging
import shutil
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.folder import write_json
from watchdown.validation.judgement import Failure, Fault, Judgement
from watchdown.validation.profile import Profile
from watchdown_schemas.derived.expectations import Suite
from watchdown_schemas.errors import WatchdownError

Key: TypeAlias = tuple[str, str]
"""Name of an algorithm, and versioned name of a schema type that it produces."""

REPORT, DOCS, PROFILES = "report.json", "docs", "profiles"
FIRST_PAGE = f"{DOCS}/index.html"
SHOWN: Final = "name_and_id"
_ARROW: Final = {str: pa.string(), int: pa.int64(), int | None: pa.int64(), float | None: pa.float64()}
_COLUMNS: Final = pa.schema(
    [(SHOWN, pa.string()), *((name, _ARROW[kind]) for name, kind in get_type_hints(Profile).items())]
)
_VALUES_SHOWN: Final = 100
_SHARE_DIGITS: Final = 12


def judge(profiles: Sequence[Profile], suites: Mapping[Key, Suite], folder: Path) -> Judgement:
    """Judge the runs of a batch together and write one report.

    Great Expectations is imported, which takes seconds, only when something is expected of the batch.
    Nothing here reaches for the network. A process judges one batch at a time.

    Args:
        profiles: One row per title, for each algorithm and schema type of the batch.
        suites: What is expected, by algorithm and schema type, as `expectation_suite` makes it.
        folder: Takes `report.json`, the Data Docs in `docs/` and the profiles as Parquet in `profiles/`; its
            name is the batch's. An earlier report in it is replaced. `report.json` comes last, so
            a folder that has it is whole.

    Returns:
        The judgement.

    Raises:
        WatchdownError: Great Expectations is not installed, or a suite is missing or cannot be judged.
    """
    folder = folder.absolute()
    groups: dict[Key, list[Profile]] = defaultdict(list)
    for row in profiles:
        groups[row.algorithm, row.schema].append(row)
    for key in groups.keys() - suites.keys():
        raise WatchdownError(_name(key), "has no expectation suite", "Make one from its schema type.")
    report, docs = folder / REPORT, folder / DOCS
    report.unlink(missing_ok=True)
    for part in (docs, folder / PROFILES):
        shutil.rmtree(part, ignore_errors=True)
    for key, rows in groups.items():
        _write_profiles(folder / PROFILES / f"{_name(key)}.parquet", rows)
    expected = {key: rows for key, rows in groups.items() if suites[key]["expectations"]}
    failures = _checkpoint(expected, suites, folder) if expected else ()
    judged = [
        {
            "algorithm": key[0],
            "schema": key[1],
            "titles": len(rows),
            "expectations": len(suites[key]["expectations"]),
            "page": _page(folder, key) if key in expected else None,
        }
        for key, rows in groups.items()
    ]
    said = {"batch": folder.name, "passed": not failures, "judged": judged}
    write_json(report, said | {"failures": [asdict(failure) for failure in failures]})
    first = docs / "index.html" if expected else None
    return Judgement(passed=not failures, failures=failures, report=report, docs=first)


def _name(key: Key) -> str:
    return ".".join(key)


def _write_profiles(file: Path, rows: Sequence[Profile]) -> None:
    """Write profiles, with a column for the Data Docs, which take what they show for HTML."""
    file.parent.mkdir(parents=True, exist_ok=True)
    values = [{SHOWN: html.escape(f"{row.name} ({row.title})")} | asdict(row) for row in rows]
    pq.write_table(pa.Table.from_pylist(values, _COLUMNS), file)


def _page(folder: Path, key: Key) -> str:
    """Return the page of the Data Docs about an algorithm and schema type, as a path in the folder."""
    pages = folder.joinpath(DOCS, "validations", *_name(key).split(".")).rglob("*.html")
    return next(pages).relative_to(folder).as_posix()


def _checkpoint(
    groups: Mapping[Key, Sequence[Profile]], suites: Mapping[Key, Suite], folder: Path
) -> tuple[Failure, ...]:
    """Run one checkpoint over the profiles in the folder, write its Data Docs, return what failed."""
    with _quiet():
        try:
            import great_expectations as gx
            from great_expectations.checkpoint.actions import UpdateDataDocsAction
        except ModuleNotFoundError as error:
            remedy = "Install it with: pip install 'watchdown[quality]'"
            raise WatchdownError(f"the package {error.name}", "is not installed", remedy) from error
        context = _context(folder / DOCS)
        source = context.data_sources.add_pandas_filesystem(PROFILES, base_directory=folder / PROFILES)
        validations = []
        for name, suite in ((_name(key), suites[key]) for key in groups):
            profiles = source.add_parquet_asset(name).add_batch_definition_path(name, f"{name}.parquet")
            expected = context.suites.add(_load(name, suite))
            validation = gx.ValidationDefinition(name=name, data=profiles, suite=expected)
            validations.append(context.validation_definitions.add(validation))
        checkpoint = gx.Checkpoint(
            name=folder.name,
            validation_definitions=validations,
            actions=[UpdateDataDocsAction(name=DOCS, site_names=[DOCS])],
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": [SHOWN, "run"],
                "partial_unexpected_count": _VALUES_SHOWN,
                "return_unexpected_index_query": False,
            },
        )
        outcome = context.checkpoints.add(checkpoint).run(run_id=gx.RunIdentifier(run_name=folder.name))
    for picture in (folder / DOCS / "static" / "images").iterdir():
        if picture.name != "favicon.ico":  # the others, 3 MB of them, are for a tour that is left out
            picture.unlink()
    keys = {_name(key): key for key in groups}
    return tuple(
        _failure(keys[result.suite_name], groups[keys[result.suite_name]], found.to_json_dict())
        for result in outcome.run_results.values()
        for found in result.results
        if not found.success
    )


def _context(docs: Path) -> Any:
    """Return a context in memory whose one site of Data Docs is a folder."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites={DOCS: site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _load(name: str, suite: Suite) -> Any:
    """Return a suite as Great Expectations has it, under another name."""
    import great_expectations as gx

    try:
        loaded = gx.ExpectationSuite(**{**suite, "name": name})
    except (TypeError, ValueError) as error:
        raise WatchdownError(name, f"has no sound suite: {error}", "Make it from its schema type.") from error
    if len(loaded.expectations) < len(suite["expectations"]):  # it goes on without what it does not know
        raise WatchdownError(name, "has an unknown expectation", "Make the suite from its schema type.")
    return loaded


def _failure(key: Key, rows: Sequence[Profile], found: Mapping[str, Any]) -> Failure:
    """Return a failed expectation in our words."""
    config, result = found["expectation_config"], found["result"]
    if "unexpected_index_list" not in result:
        cause = f"{config['type']} could not be judged: {_why(found['exception_info'])}"
        raise WatchdownError(_name(key), cause, "Expect only what a column of the profile can be.")
    kwargs = config["kwargs"]
    by_run = {row.run: row for row in rows}
    outside = ((by_run[at["run"]], float(at[kwargs["column"]])) for at in result["unexpected_index_list"])
    return Failure(
        algorithm=key[0],
        schema=key[1],
        expectation=config["type"],
        column=kwargs["column"],
        bound=(kwargs.get("min_value"), kwargs.get("max_value")),
        allowed=round(1.0 - kwargs.get("mostly", 1), _SHARE_DIGITS),
        observed=round(result["unexpected_percent_nonmissing"] / 100, _SHARE_DIGITS),
        severity=config["severity"],
        faults=tuple(
            Fault(title=row.title, name=row.name, run=row.run, observed=observed) for row, observed in outside
        ),
    )


def _why(info: Mapping[str, Any]) -> str:
    """Return what was raised while an expectation was judged; it comes flat, or by metric."""
    nested: list[Mapping[str, Any]] = [part for part in info.values() if isinstance(part, dict)]
    raised = {str(part["exception_message"]) for part in nested or [info] if part["raised_exception"]}
    return "; ".join(sorted(raised)) or "it is not about the values of a column"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the caller what Great Expectations logs, and what its import does to warnings."""
    log = logging.getLogger("great_expectations")
    silent, passed_on = logging.NullHandler(), log.propagate
    log.addHandler(silent)
    log.propagate = False
    with warnings.catch_warnings():
        # It imports two modules of Python's that are on their way out.
        warnings.filterwarnings("ignore", "module 'sre_(constants|parse)' is deprecated", DeprecationWarning)
        show = warnings.showwarning
        try:
            yield
        finally:
            if warnings.showwarning is not show:  # its import sends the warnings of the process to the log
                logging.captureWarnings(capture=False)
            log.propagate = passed_on
            log.removeHandler(silent)
