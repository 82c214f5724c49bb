"""All kinds of servers, by name."""

from __future__ import annotations

from services.airflow import Airflow
from services.kubernetes.cluster import Kubernetes
from services.opensearch import OpenSearch
from services.postgresql import PostgreSQL
from services.s3 import S3
from services.service import Service
from services.triton import Triton

# Those that take the longest to build begin first.
KINDS: dict[str, type[Service]] = {
    kind.kind: kind for kind in (Kubernetes, PostgreSQL, S3, OpenSearch, Triton, Airflow)
}
