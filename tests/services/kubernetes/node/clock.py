"""The time as Kubernetes writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the time, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise() -> str:
    """Return the time, to the microsecond."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_since(text: str) -> float:
    """Return how long ago a time of Kubernetes was."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
