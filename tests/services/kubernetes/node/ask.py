"""Asks the API server with patience: it may be away or being started again."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import urllib3
from kubernetes.client import ApiException, CoreV1Api

Answer = TypeVar("Answer")
TIMEOUT_S = 10.0
AGAIN_S = 0.3
GONE = frozenset({404, 409})


@functools.cache
def core() -> CoreV1Api:
    """Return the one client, which keeps its connections."""
    return CoreV1Api()


def insist(call: Callable[[], Answer]) -> Answer | None:
    """Call until it is answered; None where the thing is gone, or is another one of that name."""
    while True:
        try:
            return call()
        except ApiException as error:
            if error.status in GONE:
                return None
            say(error)
        except urllib3.exceptions.HTTPError as error:
            say(error)
        time.sleep(AGAIN_S)


def say(what: object) -> None:
    """Write a line to the node's log."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()
