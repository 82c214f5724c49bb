"""Airflow's REST API, version 2, as far as backfills need it; tokens are renewed as they end."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx2
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from watchdown.settings.model import AirflowSettings
from watchdown_schemas.errors import ExecutorError, ExecutorUnavailable

PAGE: Final = 100  # the most that Airflow gives at once
TRIES: Final = 4  # of a call that fails within Airflow, where a scheduler may hold the same rows
LONGEST_WAIT_S: Final = 2.0
_CONFLICT: Final = HTTPStatus.CONFLICT


class AirflowApi:
    """One Airflow; what it answers is JSON as its documentation has it.

    Every call raises ExecutorUnavailable where it does not answer, ExecutorError where it refuses.
    A call that Airflow fails to carry out (5xx) is made again a few times: all calls made here may be.
    """

    def __init__(self, settings: AirflowSettings) -> None:
        self.url: Final = (settings.url or "").rstrip("/")
        self._settings = settings
        self._client = httpx2.Client(base_url=self.url, timeout=settings.timeout_s)
        self._token: str | None = None

    def call(self, method: str, path: str, **parts: Any) -> Any:
        """Make a call and return its answer; None where that is empty."""
        answer = self._insisted(method, path, parts)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._token = None
            answer = self._insisted(method, path, parts)
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            remedy = "See username and password of the section [airflow]"
            raise ExecutorError(self.url, f"refuses access ({answer.status_code})", remedy)
        if answer.is_server_error:
            raise ExecutorUnavailable(
                self.url, f"answers {answer.status_code} to {method} {path}", "See its log"
            )
        if answer.is_error:
            raise Refused(self.url, answer.status_code, _detail(answer))
        return answer.json() if answer.content else None

    def pages(self, path: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield all entries of a list, page by page."""
        offset = 0
        while True:
            found = self.call("GET", path, params={**parameters, "limit": PAGE, "offset": offset})
            yield from found[key]
            offset += PAGE
            if offset >= found["total_entries"]:
                return

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _insisted(self, method: str, path: str, parts: dict[str, Any]) -> httpx2.Response:
        retrying = Retrying(
            retry=retry_if_result(lambda answer: answer.is_server_error),
            wait=wait_random_exponential(multiplier=0.25, max=LONGEST_WAIT_S),
            stop=stop_after_attempt(TRIES),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        answer: httpx2.Response = retrying(self._asked, method, path, parts)
        return answer

    def _asked(self, method: str, path: str, parts: dict[str, Any]) -> httpx2.Response:
        try:
            if self._token is None and self._settings.username and self._settings.password:
                self._token = self._new_token(self._settings.username)
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            return self._client.request(method, f"/api/v2{path}", headers=headers, **parts)
        except httpx2.HTTPError as error:
            cause = f"does not answer ({type(error).__name__}: {error})"
            remedy = "See that Airflow runs, and url of the section [airflow]"
            raise ExecutorUnavailable(self.url, cause, remedy) from error

    def _new_token(self, username: str) -> str:
        secret = self._settings.password
        body = {"username": username, "password": secret.get_secret_value() if secret else ""}
        answer = self._client.post("/auth/token", json=body)
        if answer.is_server_error:
            raise ExecutorUnavailable(self.url, f"answers {answer.status_code} to a log-in", "See its log")
        if answer.is_error:
            remedy = "See username and password of the section [airflow]"
            raise ExecutorError(self.url, f"refuses the user {username}", remedy)
        return str(answer.json()["access_token"])


class Refused(ExecutorError):
    """Airflow understood a call and refuses it; `status` is its HTTP status."""

    def __init__(self, url: str, status: int, detail: str) -> None:
        super().__init__(url, f"refuses it ({status}: {detail})", "See Airflow's page of the DAG")
        self.status: Final = status

    @property
    def exists(self) -> bool:
        """Whether what was to be made is there already."""
        return self.status == _CONFLICT

    @property
    def missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.status == HTTPStatus.NOT_FOUND


def _detail(answer: httpx2.Response) -> str:
    try:
        told = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
    return str(told)[:500]
