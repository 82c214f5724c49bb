"""The settings of a connection of type `watchdown`, typed; what is wrong is named with its key and remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    field_validator,
)

from watchdown_schemas.errors import SettingsInvalid

DEFAULT: Final = "watchdown_default"
REMEDY: Final = "Set it in the connection's extra fields"


def _from_form(value: Any) -> Any:
    """Read what a form had as text: a JSON object."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is no JSON object") from None
    return value


Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Image = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@sha256:[0-9a-f]{64}$")]


class Settings(BaseModel):
    """Where the platform, its pods and its pages are, and no credentials: `env_from` names the pods' Secret.

    It is not called `secret`, since Airflow hides the values of such keys wherever a log or page has them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    command: str = "watchdown"
    library: str
    namespace: Name
    images: Annotated[dict[str, Image], BeforeValidator(_from_form)]
    env_from: Name
    model: Annotated[str, StringConstraints(pattern=r"^triton://[^/@\s]+$")] | None = None
    queue: Label | None = None
    kubernetes_conn_id: str = "kubernetes_default"
    reports_url: str | None = None
    node_selector: Annotated[dict[str, Label], BeforeValidator(_from_form)] = {}

    @field_validator("reports_url")
    @classmethod
    def _bare(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or parts.username or parts.password or parts.query:
            raise ValueError("is no http or https URL without credentials and query")
        return value.rstrip("/")

    def image(self, name: str) -> str:
        """Return the reference of an image that a manifest names."""
        try:
            return self.images[name]
        except KeyError:
            known = ", ".join(sorted(self.images)) or "none"
            raise SettingsInvalid(
                f"images.{name}", f"is not set, there are {known}", f"{REMEDY}: a reference by digest"
            ) from None


def settings_of(connection: str, extra: Mapping[str, Any]) -> Settings:
    """Return the settings of a connection's extra fields; what a form left empty is not set.

    Raises:
        SettingsInvalid: a setting is missing, wrong or none of ours.
    """
    said = {key: value for key, value in extra.items() if value not in (None, "")}
    try:
        return Settings.model_validate(said)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        subject = ", ".join(key for key, _ in faults)
        cause = "; ".join(dict.fromkeys(f"{key}: {what}" for key, what in faults))
        raise SettingsInvalid(f"connection {connection}: {subject}", cause, REMEDY) from None
