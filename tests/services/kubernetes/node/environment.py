"""What a container is told: variables from all sources, and `$(NAME)` in its command."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import urllib3
from kubernetes.client import ApiException

from services.kubernetes.node.ask import TIMEOUT_S, core
from services.kubernetes.node.images import Waiting

Json = dict[str, Any]
REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")
KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
FIELDS = {
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    *("spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.podIP"),
}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by a variable; what is not known stays, and `$$` is a dollar."""

    def value(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return REFERENCE.sub(value, text)


def variables(pod: Json, container: Json) -> dict[str, str]:
    """Return the variables that a container's specification names.

    Raises:
        Waiting: a Secret, a ConfigMap or a key of one is missing.
    """
    space, known = pod["metadata"]["namespace"], {}
    for source in container.get("envFrom", ()):
        for kind in ("configMap", "secret"):
            if reference := source.get(f"{kind}Ref"):
                found = _data(kind, space, reference) or {}
                known |= {source.get("prefix", "") + name: value for name, value in found.items()}
    for item in container.get("env", ()):
        value = _value(pod, item, known)
        if value is not None:
            known[item["name"]] = value
    return known


def _value(pod: Json, item: Json, known: Mapping[str, str]) -> str | None:
    source = item.get("valueFrom")
    if not source:
        return expand(item.get("value", ""), known)
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    for kind in ("configMap", "secret"):
        if reference := source.get(f"{kind}KeyRef"):
            found = _data(kind, pod["metadata"]["namespace"], reference)
            if found is not None and reference["key"] in found:
                return found[reference["key"]]
            if reference.get("optional"):
                return None
            message = f"couldn't find key {reference['key']} in {kind} {reference['name']}"
            raise Waiting("CreateContainerConfigError", message)
    raise Waiting("CreateContainerConfigError", f"a process node knows no {', '.join(source)}")


def _data(kind: str, space: str, reference: Json) -> dict[str, str] | None:
    """Return what a Secret or a ConfigMap holds; None where there is none and that is allowed."""
    name = reference["name"]
    read = core().read_namespaced_config_map if kind == "configMap" else core().read_namespaced_secret
    try:
        found = read(name, space, _request_timeout=TIMEOUT_S).data or {}
    except ApiException as error:
        if error.status == 404 and reference.get("optional"):
            return None
        said = "not found" if error.status == 404 else error.reason
        raise Waiting("CreateContainerConfigError", f'{kind.lower()} "{name}" {said}') from error
    except urllib3.exceptions.HTTPError as error:
        raise Waiting("CreateContainerConfigError", str(error)) from error
    if kind == "secret":
        return {key: base64.b64decode(value).decode() for key, value in found.items()}
    return dict(found)


def _field(pod: Json, path: str) -> str:
    if keyed := KEYED.fullmatch(path):
        return str(pod["metadata"].get(keyed[1], {}).get(keyed[2], ""))
    if path not in FIELDS:
        raise Waiting("CreateContainerConfigError", f"a process node knows no field {path}")
    if path in ("status.hostIP", "status.podIP"):
        return "127.0.0.1"
    part, name = path.split(".")
    return str(pod[part].get(name, ""))
