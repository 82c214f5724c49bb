"""What a file and the environment give, and where each value is taken from."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from settings.conftest import Read
from watchdown.settings import Address, Settings
from watchdown_schemas.errors import LibraryNotFound

CLUSTER = """
database = "postgresql://watchdown:s3cret@db.example:5433/films?sslmode=require"
storage = "s3://media/libraries/films"
store = "opensearch+https://search.example:9200"
model = "triton://models.example:8001"
work = "/var/tmp/watchdown"

[s3]
endpoint = "https://s3.example:7070"
region = "eu-central-1"
access_key = "AK"
secret_key = "s3cret"

[opensearch]
username = "watchdown"
password = "s3cret"
prefix = "films"
engine = "faiss"
shards = 3
replicas = 1
quantised = "7bit"
timeout_s = 5

[triton]
timeout_s = 2.5
in_flight = 32
"""


def test_a_folder_stands_on_its_own_files_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOWN_DATABASE", "postgresql://h/elsewhere")
    settings = Settings.read(tmp_path)
    assert settings == Settings.of_folder(tmp_path)
    assert settings.database == Address(kind="sqlite", path=f"{tmp_path}/library.db")
    assert settings.storage == Address(kind="folder", path=str(tmp_path))
    assert settings.store == Address(kind="lance", path=f"{tmp_path}/lake")
    assert settings.model == Address(kind="onnx")
    assert settings.work == tmp_path / "cache"


def test_a_cluster_is_read_whole(read: Read) -> None:
    settings = read(CLUSTER)
    assert settings.database is not None
    assert (settings.database.server, settings.database.path) == ("db.example:5433", "films")
    assert settings.database.options == {"sslmode": "require"}
    assert settings.database.password == SecretStr("s3cret")
    assert settings.storage == Address(kind="s3", host="media", path="libraries/films")
    assert settings.store == Address(kind="opensearch+https", host="search.example", port=9200)
    assert settings.model == Address(kind="triton", host="models.example", port=8001)
    assert settings.work == Path("/var/tmp/watchdown")
    assert settings.s3.secret_key == SecretStr("s3cret")
    assert (settings.opensearch.engine, settings.opensearch.shards) == ("faiss", 3)
    assert (settings.triton.timeout_s, settings.triton.in_flight) == (2.5, 32)


def test_relative_paths_start_from_the_file(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "ca.pem").write_text("")
    settings = read(
        'database = "sqlite:///db/library.db"\nstorage = "media"\nstore = "opensearch+https://h"\n'
        '[opensearch]\nca = "ca.pem"\n'
    )
    assert settings.database is not None
    assert settings.storage is not None
    assert settings.database.file == tmp_path / "db" / "library.db"
    assert settings.storage.file == tmp_path / "media"
    assert settings.opensearch.ca == tmp_path / "ca.pem"
    assert settings.work == tmp_path / "work"


def test_an_absolute_path_stays(read: Read) -> None:
    settings = read('database = "sqlite:////a/library.db"\nstorage = "/b"\nstore = "lance:/c"\n')
    assert [str(one) for one in (settings.database, settings.storage, settings.store)] == [
        "sqlite:////a/library.db",
        "/b",
        "lance:/c",
    ]


def test_the_environment_goes_before_the_file_key_by_key(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOWN_STORE", "opensearch://h:9201")
    monkeypatch.setenv("WATCHDOWN_S3__SECRET_KEY", "other")
    monkeypatch.setenv("watchdown_opensearch__shards", "5")
    settings = read('store = "lance:lake"\n[s3]\naccess_key = "AK"\nsecret_key = "of the file"\n')
    assert settings.store == Address(kind="opensearch", host="h", port=9201)
    assert settings.s3.access_key == "AK"
    assert settings.s3.secret_key == SecretStr("other")
    assert settings.opensearch.shards == 5


def test_all_may_come_from_the_environment(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOWN_STORE", "opensearch://h")
    assert read("").store == Address(kind="opensearch", host="h", port=9200)


def test_what_kubernetes_puts_beside_a_service_is_no_setting(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "SERVICE_HOST", "STORE_PORT", "OPENSEARCH_SERVICE_PORT_HTTP", "STORE_PORT_1_TCP"):
        monkeypatch.setenv(f"WATCHDOWN_{name}", "tcp://10.0.0.1:9200")
    monkeypatch.setenv("WATCHDOWN_LIBRARY", "elsewhere")
    assert read('store = "lance:lake"').store.kind == "lance"


def test_a_file_that_is_not_there_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match=r"none\.toml: is not there\. Name a library's folder, or "):
        Settings.read(tmp_path / "none.toml")


def test_a_folder_may_be_called_as_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "films.toml"
    folder.mkdir()
    assert Settings.read(folder) == Settings.of_folder(folder)


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = Settings.of_folder(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.work = tmp_path  # type: ignore[misc] # what is tested
