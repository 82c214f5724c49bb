"""The rules of attributes: each has a name of its own and one sound value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchdown.validation.breaches import Bools, Breach, Rule, bools, breach
from watchdown.validation.values import CONTROL, longer_than, matching, not_finite
from watchdown_schemas.faults import shown

NAME_LIMIT: Final = 1_000  # as long a name as a filter may have


def attribute_rules(field: str, keyword_limit: int) -> Rule:
    """Return the rules of a field of attributes; their keywords are as long as a limit at most."""

    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        column = batch[field]
        held = column.flatten()
        if not len(held):
            return
        name, keyword, number, time = held.flatten()
        values = np.sum([bools(part.is_valid()) for part in (keyword, number, time)], axis=0)
        tests: dict[str, Bools] = {
            "has an attribute without a name": bools(pc.equal(pc.fill_null(name, ""), "")),
            "has an attribute that has not one value": np.not_equal(values, 1),
            "has an attribute that is no finite number": not_finite(number),
            "has control characters in an attribute": matching(CONTROL)(name) | matching(CONTROL)(keyword),
            f"has an attribute whose name is longer than {NAME_LIMIT:,} characters": longer_than(NAME_LIMIT)(
                name
            ),
            f"has an attribute of more than {keyword_limit:,} characters": longer_than(keyword_limit)(
                keyword
            ),
            "has two attributes of one name": _again(column, name),
        }
        for rule, broken in tests.items():
            yield from breach(rule, held, broken, lists=column, show=_shown)

    return Rule(field, find)


def _again(column: pa.Array, names: pa.Array) -> Bools:
    """Tell the names that their row has had before."""
    again = np.zeros(len(names), np.bool_)
    if pc.max(pc.list_value_length(column)).as_py() > 1:
        rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        encoded = pc.fill_null(names, "").dictionary_encode()
        pairs = rows * len(encoded.dictionary) + encoded.indices.to_numpy(zero_copy_only=False)
        again[:] = True
        again[np.unique(pairs, return_index=True)[1]] = False
    return again


def _shown(attribute: Any) -> str:
    found = attribute or {}
    values = [found[part] for part in ("keyword", "number", "time") if found.get(part) is not None]
    return f"{shown(found.get('name'))}: {', '.join(map(shown, values)) or None}"
