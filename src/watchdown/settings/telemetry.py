"""Who is told of what a process does: by our settings, or by the variable that OpenTelemetry knows."""

from __future__ import annotations

import os
from typing import Final

from watchdown.settings.model import Settings

VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


def otlp_of(settings: Settings) -> str | None:
    """Return the URL of the collector, if there is one."""
    return settings.telemetry.otlp or os.environ.get(VARIABLE) or None


def listen_at(settings: Settings) -> tuple[str, int] | None:
    """Return the host and port at which the process may be scraped, if it may."""
    if settings.telemetry.listen is None:
        return None
    host, _, port = settings.telemetry.listen.rpartition(":")
    return host, int(port)
