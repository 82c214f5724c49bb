"""Figures as the text that Prometheus reads (its exposition format 0.0.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdown.metrics.names import BY_NAME

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a metric of the table."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposition(figures: Iterable[Figure]) -> str:
    """Return figures as text, those of a metric together, under its help and kind."""
    return "".join(_lines(figures))


def _lines(figures: Iterable[Figure]) -> Iterator[str]:
    by_name: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        by_name[figure.name].append(figure)
    for name, found in by_name.items():
        metric = BY_NAME[name]
        yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
        for figure in found:
            assert set(figure.labels) == set(metric.labels), figure
            pairs = ",".join(
                f'{label}="{figure.labels[label].translate(_ESCAPED)}"' for label in metric.labels
            )
            value = int(figure.value) if figure.value == int(figure.value) else figure.value
            yield f"{name}{{{pairs}}} {value}\n" if pairs else f"{name} {value}\n"
