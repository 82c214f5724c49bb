from __future__ import annotations

import json
from typing import Any

import pytest

from watchdown_operators.connection import Settings, settings_of
from watchdown_schemas.errors import SettingsInvalid

DIGEST = "registry.example/worker@sha256:" + "a" * 64
EXTRA: dict[str, Any] = {
    "library": "cluster/watchdown.toml",
    "namespace": "watchdown",
    "images": {"worker": DIGEST},
    "env_from": "watchdown-settings",
}


def test_what_a_form_leaves_empty_has_its_default() -> None:
    empty = {"command": "", "model": "", "queue": None, "reports_url": "", "node_selector": ""}
    settings = settings_of("watchdown_default", EXTRA | empty)
    assert settings == settings_of("watchdown_default", EXTRA)
    assert (settings.command, settings.model, settings.queue) == ("watchdown", None, None)
    assert settings.kubernetes_conn_id == "kubernetes_default"


def test_a_form_may_give_objects_as_text() -> None:
    as_text = {"images": json.dumps(EXTRA["images"]), "node_selector": '{"pool": "gpu"}'}
    settings = settings_of("watchdown_default", EXTRA | as_text)
    assert settings.image("worker") == DIGEST
    assert settings.node_selector == {"pool": "gpu"}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("library", None, "Field required"),
        ("namespace", "Not A Name", "namespace"),
        ("images", {"worker": "registry.example/worker:latest"}, "images.worker"),
        ("images", {"worker": "registry.example/worker@sha256:short"}, "images.worker"),
        ("images", "{", "is no JSON object"),
        ("model", "http://triton:8000", "model"),
        ("model", "triton://user:password@triton:8001", "model"),
        ("queue", "no queue!", "queue"),
        ("reports_url", "https://user:password@reports.example", "without credentials"),
        ("reports_url", "file:///reports", "no http or https URL"),
        ("secret", "watchdown-settings", "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(key: str, value: Any, says: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        settings_of("watchdown_default", EXTRA | {key: value})
    said = str(refused.value)
    assert said.startswith(f"connection watchdown_default: {key}")
    assert says in said
    assert said.endswith("Set it in the connection's extra fields.")


def test_a_credential_in_a_wrong_setting_is_not_repeated() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        settings_of("watchdown_default", EXTRA | {"model": "triton://user:hunter2@triton:8001"})
    assert "hunter2" not in str(refused.value)


def test_an_image_that_is_not_set_is_named_with_those_that_are() -> None:
    settings = Settings.model_validate(EXTRA)
    with pytest.raises(SettingsInvalid, match=r"images\.worker-gpu: is not set, there are worker\."):
        settings.image("worker-gpu")
