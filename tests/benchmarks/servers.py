"""Servers to measure: with the whole compiler of their Java, under a name of their own, ended afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psutil

from services.cache import RUN
from services.kubernetes.cluster import Kubernetes
from services.opensearch import OpenSearch
from services.run import Run, discard, sweep
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout

NAME = "bench"
Some = TypeVar("Some", bound=Cluster)


@contextmanager
def opensearch() -> Iterator[OpenSearch]:
    """Give an OpenSearch that ends with this process; one that runs under NAME already is used, and stays."""
    server = OpenSearch(NAME, java_options=())
    if server.running() and server.healthy():
        yield server
        return
    with own_name() as name:
        server = OpenSearch(name, java_options=())
        server.up()
        yield server


@contextmanager
def own_name() -> Iterator[str]:
    """Give a name for servers, which end with this process and leave no data."""
    sweep()
    run = Run(f"{NAME}-{os.getpid()}", os.getpid())
    try:
        yield run.adopt(run.name)
    finally:
        Kubernetes(run.name).stop()  # its pods, too
        discard(RUN / run.name)


@contextmanager
def library(server: OpenSearch, prefix: str, kind: type[Some] = Cluster, **layout: Any) -> Iterator[Some]:
    """Give the connection to an empty library on a server, which is removed in the end."""
    cluster = kind(Access(url=server.url, timeout_s=120), Layout(prefix=prefix, replicas=0, **layout))

    def remove() -> None:
        for what in (f"/{prefix}-*", f"/_index_template/{prefix}-*"):
            cluster.request("remove them", "DELETE", what, ignore=404)

    remove()
    try:
        yield cluster
    finally:
        remove()
        cluster.close()


def cpu_clock(server: OpenSearch) -> Callable[[], float]:
    """Return a clock of the CPU seconds that this process and a server have used, over all threads."""
    family = [psutil.Process()]
    for process in server.processes:
        if found := process.find():
            family += [found, *found.children(recursive=True)]
    return lambda: sum(sum(one.cpu_times()[:2]) for one in family)
