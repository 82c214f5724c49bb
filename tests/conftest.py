"""The same surroundings for every test: no network, no settings of the person who runs it."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import sys

import hypothesis
import pytest

# Proxies, colours and terminal sizes of the caller would change what is tested.
TERMINAL = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"}
aside = {
    name: os.environ.pop(name)
    for name in [*os.environ]
    if name in TERMINAL or name.startswith("WATCHDOWN_") or name.lower().endswith("_proxy")
}
# Who brings the servers under test may need a proxy; a worker keeps what its controller put aside.
os.environ["TESTS_SET_ASIDE"] = json.dumps(json.loads(os.environ.get("TESTS_SET_ASIDE", "{}")) | aside)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
pytest_plugins = ["services.fixtures"]
# A shell starts background jobs with Ctrl-C ignored, which they and their children would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("laptop", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "laptop")


def is_this_machine(host: object) -> bool:
    """Say whether a host is the loopback address, by name or number."""
    if host in {"localhost", b"localhost", "", None}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback  # type: ignore[arg-type] # what is no address raises
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Raise where Python code reaches for another machine; Unix sockets and loopback are free."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not is_this_machine(host):
        raise AssertionError(f"a test reached for the network: {event} {host!r}")


sys.addaudithook(refuse_network)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests on outside clips where there are none: they are no part of the suite then."""
    absent = [item for item in items if any(_has_no_clips(mark) for mark in item.iter_markers("skip"))]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


def _has_no_clips(mark: pytest.Mark) -> bool:
    return str(mark.kwargs.get("reason", "")).startswith("got empty parameter set")
