"""Counts what one account asks of a Kubernetes API server, by kind: the server itself sorts its requests."""

from __future__ import annotations

import json
import re
from collections import Counter

from services.kubernetes.cluster import Kubernetes

KINDS = {
    "writes": ["create", "update", "patch", "delete", "deletecollection"],
    "reads": ["get", "list"],
    "watches": ["watch"],
}
COUNTED = re.compile(
    r'^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="bench-(\w+)",.*\} (\S+)$', re.MULTILINE
)


def count(cluster: Kubernetes, namespace: str, account: str) -> None:
    """Have the requests of a service account counted by kind."""
    who = {"kind": "ServiceAccount", "serviceAccount": {"name": account, "namespace": namespace}}
    what = {"apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    for kind, verbs in KINDS.items():
        schema = {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": f"bench-{kind}"},
            "spec": {
                "priorityLevelConfiguration": {"name": "workload-high"},
                "matchingPrecedence": 100,
                "rules": [{"subjects": [who], "resourceRules": [{"verbs": verbs, **what}]}],
            },
        }
        cluster.kubectl("apply", "-f", "-", input=json.dumps(schema))


def counted(cluster: Kubernetes) -> Counter[str]:
    """Return the counts so far."""
    page = cluster.kubectl("get", "--raw", "/metrics")
    found = Counter(dict.fromkeys(KINDS, 0))
    for kind, value in COUNTED.findall(page):
        found[kind] += int(float(value))
    return found
