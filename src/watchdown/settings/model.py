"""The settings as one frozen value: every key, its type, its default, and what to write for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from watchdown.settings.address import Address, parse
from watchdown.settings.durations import REMEDY, duration, written

PREFIX = "WATCHDOWN_"
NESTED = "__"
ENVIRONMENT = "env:"

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Secret = Annotated[SecretStr, Field(min_length=1)]
_SHOWN = PlainSerializer(str, return_type=str)
Database = Annotated[
    Address, NoDecode, BeforeValidator(lambda text: _address(text, "sqlite", "postgresql")), _SHOWN
]
Storage = Annotated[Address, NoDecode, BeforeValidator(lambda text: _address(text, "folder", "s3")), _SHOWN]
Store = Annotated[
    Address,
    NoDecode,
    BeforeValidator(lambda text: _address(text, "lance", "opensearch", "opensearch+https")),
    _SHOWN,
]
Duration = Annotated[timedelta, BeforeValidator(duration), PlainSerializer(written, return_type=str)]
Model = Annotated[Address, NoDecode, BeforeValidator(lambda text: _address(text, "onnx", "triton")), _SHOWN]


def _address(text: object, *kinds: str) -> Address:
    if isinstance(text, Address):
        return text
    return parse(text, frozenset(kinds), default="folder" if "folder" in kinds else None)


def _clash(key: str, cause: str, remedy: str) -> PydanticCustomError:
    """Return the fault of settings that do not go together; `key` is the one to look at."""
    return PydanticCustomError("clash", cause, {"key": key, "remedy": remedy})  # type: ignore[arg-type,unused-ignore] # a literal, for Pydantic's own texts


class Section(BaseModel):
    """Settings of one server; those of a pair are given both, or neither is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)
    pairs: ClassVar[tuple[tuple[str, str], ...]] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for one, other in self.pairs:
            given, missing = (one, other) if getattr(self, other) is None else (other, one)
            if getattr(self, given) is not None and getattr(self, missing) is None:
                raise _clash(given, f"is given without {missing}", f"Give {one} and {other}, or neither")
        return self


class S3Settings(Section):
    """How S3 is reached; without an endpoint it is AWS, without keys AWS's own ways to find them."""

    pairs = (("access_key", "secret_key"),)

    endpoint: Annotated[str, StringConstraints(pattern=r"^https?://[^/@]+$")] | None = Field(
        default=None, description="Write it as http://HOST:PORT or https://HOST:PORT"
    )
    region: Text | None = Field(default=None, description="Name the region, such as eu-central-1")
    access_key: Text | None = Field(default=None, description="Write the key as text")
    secret_key: Secret | None = Field(default=None, description="Write the key as text")


class OpenSearchSettings(Section):
    """How OpenSearch is reached, and how indices are made there."""

    pairs = (("username", "password"),)

    username: Text | None = Field(default=None, description="Write it as text")
    password: Secret | None = Field(default=None, description="Write it as text")
    ca: Path | None = Field(default=None, description="Name the file of certificates that sign the server's")
    aws_region: Text | None = Field(default=None, description="Name the region, such as eu-central-1")
    aws_service: Literal["es", "aoss"] = Field(
        default="es", description="Write es, or aoss where it is serverless"
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=100)] = Field(
        default="watchdown", description="Use small letters, digits and underscores"
    )
    engine: Literal["lucene", "faiss"] = Field(
        default="lucene", description="Write lucene; faiss only where the cluster has its native library"
    )
    shards: PositiveInt = Field(default=1, description="Give a whole number from 1")
    replicas: Annotated[int, Field(ge=0)] = Field(default=1, description="Give a whole number from 0")
    quantised: Literal["none", "7bit"] = Field(default="none", description="Write none or 7bit")
    timeout_s: PositiveFloat = Field(default=30.0, description="Give seconds")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.aws_region and self.username:
            raise _clash("username", "is given beside aws_region", "Leave one of them out")
        if "aws_service" in self.model_fields_set and not self.aws_region:
            raise _clash("aws_service", "is given without aws_region", "Give both, or neither")
        return self


class TritonSettings(Section):
    """How Triton is reached, and how much is asked of it at once."""

    tls: bool = Field(default=False, description="Write true or false")
    ca: Path | None = Field(default=None, description="Name the file of certificates that sign the server's")
    timeout_s: PositiveFloat = Field(default=30.0, description="Give seconds")
    in_flight: PositiveInt = Field(default=8, description="Give a whole number from 1")

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.ca and not self.tls:
            raise _clash("ca", "is given without tls", "Write tls = true, or leave ca out")
        return self


class AirflowSettings(Section):
    """How Airflow is reached, which runs backfills as Kubernetes jobs."""

    pairs = (("username", "password"),)

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")] | None = Field(
        default=None, description="Write it as http://HOST:PORT or https://HOST"
    )
    username: Text | None = Field(default=None, description="Write it as text")
    password: Secret | None = Field(default=None, description="Write it as text")
    timeout_s: PositiveFloat = Field(default=30.0, description="Give seconds")


class PricesSettings(Section):
    """What computing costs here; without them, plans name no money."""

    cpu_hour: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Give the price of one processor for an hour"
    )
    gpu_hour: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Give the price of one graphics card for an hour"
    )
    storage_gb_month: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Give the price of 10^9 bytes of storage for a month"
    )
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        default="EUR", description="Write its three letters, such as EUR"
    )


class CollectSettings(Section):
    """What `watchdown collect` leaves, and for how long; grace is longer than any cursor lives."""

    grace: Duration = Field(default=timedelta(hours=24), description=REMEDY)
    keep: Duration | None = Field(default=None, description=REMEDY)
    retention: Duration = Field(default=timedelta(hours=1), description=REMEDY)
    idle_writes: Duration = Field(default=timedelta(hours=24), description=REMEDY)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.grace < self.retention:
            remedy = "Cursors read versions that are retained: give a grace that is longer"
            raise _clash("grace", f"is shorter than retention, {written(self.retention)}", remedy)
        return self


class SearchSettings(Section):
    """Whether the library remembers what people search for, and how many of the newest queries; else none."""

    log: bool = Field(default=False, description="Write true or false")
    keep: PositiveInt = Field(default=10_000, description="Give a whole number from 1")


class TelemetrySettings(Section):
    """Who is told of what a process does; nobody, unless one is named."""

    otlp: Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")] | None = Field(
        default=None, description="Write the collector of OpenTelemetry as http://HOST:4318"
    )
    listen: Annotated[str, StringConstraints(pattern=r"^[^\s:/]+:\d{1,5}$")] | None = Field(
        default=None, description="Write where Prometheus may fetch figures of the process, as HOST:PORT"
    )


class Settings(BaseSettings):
    """What a library stands on. Without a database it can be searched, but not written to."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
    )

    database: Database | None = Field(
        default=None, description="Write it as sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    )
    storage: Storage | None = Field(default=None, description="Name a folder, or s3://BUCKET/PREFIX")
    store: Store = Field(description="Write it as lance:FOLDER, opensearch://HOST:PORT or opensearch+https:")
    model: Model = Field(default=Address(kind="onnx"), description="Write it as onnx: or triton://HOST:PORT")
    work: Path = Field(default=Path("work"), description="Name a folder of this machine that may be emptied")
    s3: S3Settings = Field(default=S3Settings(), description="Write it as a section, [s3]")
    opensearch: OpenSearchSettings = Field(
        default=OpenSearchSettings(), description="Write it as a section, [opensearch]"
    )
    triton: TritonSettings = Field(default=TritonSettings(), description="Write it as a section, [triton]")
    airflow: AirflowSettings = Field(
        default=AirflowSettings(), description="Write it as a section, [airflow]"
    )
    collect: CollectSettings = Field(
        default=CollectSettings(), description="Write it as a section, [collect]"
    )

    prices: PricesSettings = Field(default=PricesSettings(), description="Write it as a section, [prices]")

    search: SearchSettings = Field(default=SearchSettings(), description="Write it as a section, [search]")

    telemetry: TelemetrySettings = Field(
        default=TelemetrySettings(), description="Write it as a section, [telemetry]"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing but what is given: `read` alone looks at files and at the environment."""
        return (init_settings,)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.database is not None and self.storage is None:
            remedy = 'Write storage = "FOLDER", or storage = "s3://BUCKET/PREFIX"'
            raise _clash("database", "is given without storage", remedy)
        if self.opensearch.ca and self.store.kind != "opensearch+https":
            remedy = "Write the store's address as opensearch+https://HOST:PORT, or leave ca out"
            raise _clash("opensearch.ca", "is given, but the store is not at opensearch+https:", remedy)
        return self

    @classmethod
    def of_folder(cls, root: Path) -> Settings:
        """Return the settings of a library that is one folder, whatever the environment says."""
        return cls(
            database=Address(kind="sqlite", path=str(root / "library.db")),
            storage=Address(kind="folder", path=str(root)),
            store=Address(kind="lance", path=str(root / "lake")),
            work=root / "cache",
        )

    @classmethod
    def read(cls, place: Path) -> Settings:
        """Return the settings of a place: a library's folder, a file such as `watchdown.toml`, or `env:`.

        `env:` stands for `WATCHDOWN_*` of the environment and no file.
        In a file, relative paths start from its folder, and `WATCHDOWN_*` of the environment goes before it
        (`WATCHDOWN_S3__ENDPOINT` before `endpoint` of `[s3]`). Raises LibraryNotFound where no such file
        is, SettingsInvalid with key, source and remedy where a setting is wrong, half given or unknown.
        """
        from watchdown.settings.reading import is_file_of_settings, read_environment, read_file

        if str(place) == ENVIRONMENT:
            return read_environment()
        return read_file(place) if is_file_of_settings(place) else cls.of_folder(place)

    def below(self, home: Path) -> Settings:
        """Return the settings with every relative path made one below `home`."""
        parts: dict[str, Any] = {
            name: address.below(home)
            for name in ("database", "storage", "store", "model")
            if (address := getattr(self, name)) is not None
        }
        for name in ("opensearch", "triton"):
            section = getattr(self, name)
            if section.ca is not None:
                parts[name] = section.model_copy(update={"ca": home / section.ca.expanduser()})
        return self.model_copy(update=parts | {"work": home / self.work.expanduser()})
