"""What Airflow is told of this package: its connection type with a form, its operators and its trigger."""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = {"type": ["string", "null"]}
FIELDS: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "command": ("Command", TEXT, "Path of the watchdown program; default: watchdown."),
    "library": ("Library", {"type": "string"}, "The file of its settings, such as watchdown.toml, or env:."),
    "namespace": ("Namespace", {"type": "string"}, "Kubernetes namespace of the Jobs."),
    "images": (
        "Images (JSON)",
        {"type": ["object", "string"]},
        'Image by the name in algo.toml, each by digest: {"worker": "registry/worker@sha256:..."}.',
    ),
    "env_from": ("Pods' settings", {"type": "string"}, "Name of the Kubernetes Secret with WATCHDOWN_*."),
    "model": ("Models", TEXT, "Server that infers, such as triton://triton:8001; empty: the pods do."),
    "queue": ("Queue", TEXT, "Kueue's local queue; empty: none."),
    "kubernetes_conn_id": (
        "Kubernetes connection",
        TEXT,
        "Id of the connection; default: kubernetes_default.",
    ),
    "reports_url": (
        "Reports",
        TEXT,
        "URL under which the library's storage can be read, without credentials.",
    ),
    "node_selector": (
        "Node selector (JSON)",
        {"type": ["object", "string", "null"]},
        'Labels of the nodes that may run the pods: {"pool": "gpu"}.',
    ),
}


def get_provider_info() -> dict[str, Any]:
    """Return what the entry point `apache_airflow_provider` promises; imports no Airflow."""
    hook = "watchdown_operators.hook"
    return {
        "package-name": "watchdown",
        "name": "Watchdown",
        "description": "Media algorithms over a catalogue, as Kubernetes Jobs.",
        "operators": [
            {
                "integration-name": "Watchdown",
                "python-modules": [
                    "watchdown_operators.batch_operator",
                    "watchdown_operators.command_operator",
                ],
            }
        ],
        "hooks": [{"integration-name": "Watchdown", "python-modules": [hook]}],
        "triggers": [{"integration-name": "Watchdown", "python-modules": ["watchdown_operators.trigger"]}],
        "connection-types": [
            {
                "connection-type": "watchdown",
                "hook-class-name": f"{hook}.WatchdownHook",
                "hook-name": "Watchdown",
                "conn-fields": {
                    key: {"label": label, "schema": schema, "description": description}
                    for key, (label, schema, description) in FIELDS.items()
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "schema", "login", "password", "port", "extra"],
                    "relabeling": {},
                },
            }
        ],
    }
