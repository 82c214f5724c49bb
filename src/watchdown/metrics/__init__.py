"""Metrics: what is counted, under which names, and how it reaches Prometheus and OpenTelemetry."""
