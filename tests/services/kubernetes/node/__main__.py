"""A node of Kubernetes without containers: a pod's commands run as processes of this machine.

What is real: scheduling, environment, Secrets, ConfigMaps, exit codes, logs, termination messages, restarts,
deadlines, grace periods, deletion. What is not: isolation of any kind. Limits of memory and processors and
`securityContext` are not enforced, GPUs are only counted, there are no probes, no tokens of service accounts,
and of volumes only `emptyDir`. A command that does not handle SIGTERM dies of it, as the first process of a
container would not; back-off before a restart is shorter.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from kubernetes import config

from services.kubernetes.node import logs, register
from services.kubernetes.node.node import Node


def main() -> None:
    """Be a node until told to end."""
    parser = argparse.ArgumentParser(prog="node", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True, help="where the API server asks for logs")
    for file in ("kubeconfig", "folder", "images", "certificate", "key", "authority"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    asked = parser.parse_args()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    node = Node(asked.name, asked.folder / "pods", asked.images)
    node.end_leftovers()
    server = logs.serve(node, asked.port, asked.certificate, asked.key, asked.authority)
    config.load_kube_config(str(asked.kubeconfig))
    threading.Thread(target=register.keep, args=(node, asked.port), daemon=True).start()
    threading.Thread(target=node.follow, daemon=True).start()
    end.wait()
    server.shutdown()
    node.end_leftovers()


if __name__ == "__main__":
    main()
