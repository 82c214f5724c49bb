"""Settings as variables of the environment: shown to people, handed to workers, read from nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from settings.conftest import Read
from settings.test_reading import CLUSTER
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.settings import Address, Settings
from watchdown.settings.origins import known_variables
from watchdown_schemas.errors import SettingsInvalid

ENVIRONMENT = Path("env:")
AIRFLOW = """
[airflow]
url = "https://airflow.example/films"
username = "watchdown"
password = "s3cret"
timeout_s = 5
"""


def test_airflow_is_read_and_its_password_hidden(read: Read) -> None:
    airflow = read(CLUSTER + AIRFLOW).airflow
    assert (airflow.url, airflow.username, airflow.timeout_s) == (
        "https://airflow.example/films",
        "watchdown",
        5,
    )
    assert airflow.password == SecretStr("s3cret")
    assert "s3cret" not in repr(airflow)
    assert read(CLUSTER).airflow.url is None


@pytest.mark.parametrize(
    ("text", "subject", "cause", "remedy"),
    [
        ('url = "airflow.example"', "airflow.url", "is refused", "http://HOST:PORT"),
        ('url = "http://me:hunter2@airflow.example"', "airflow.url", "is refused", "http://HOST:PORT"),
        ('username = "me"', "airflow.username", "is given without password", "or neither"),
        ('password = "hunter2"', "airflow.password", "is given without username", "or neither"),
        ("timeout_s = 0", "airflow.timeout_s", "greater than 0", "seconds"),
        ('usrname = "me"', "airflow.usrname", "is no setting", "airflow.username is meant"),
    ],
)
def test_a_wrong_setting_of_airflow_is_told(
    read: Read, text: str, subject: str, cause: str, remedy: str
) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read(f'store = "lance:lake"\n[airflow]\n{text}\n')
    assert raised.value.subject.startswith(f"{subject} (")
    assert cause in raised.value.cause
    assert remedy in raised.value.remedy
    assert "hunter2" not in str(raised.value)


def test_the_environment_alone_gives_settings_wherever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watchdown.toml").write_text('store = "lance:elsewhere"\nmodel = "triton://h"\n')
    monkeypatch.setenv("WATCHDOWN_STORE", "lance:lake")
    monkeypatch.setenv("WATCHDOWN_STORAGE", "s3://bucket/films")
    monkeypatch.setenv("WATCHDOWN_S3__ENDPOINT", "http://s3.example:7070")
    settings = Settings.read(ENVIRONMENT)
    assert settings.store == Address(kind="lance", path=str(tmp_path / "lake"))
    assert settings.storage == Address(kind="s3", host="bucket", path="films")
    assert settings.s3.endpoint == "http://s3.example:7070"
    assert settings.model == Address(kind="onnx")
    assert settings.work == tmp_path / "work"


def test_what_is_missing_or_wrong_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsInvalid, match=r"^store \(environment\): is not set"):
        Settings.read(ENVIRONMENT)
    monkeypatch.setenv("WATCHDOWN_STORE", "lance:lake")
    monkeypatch.setenv("WATCHDOWN_S3__ACCESS_KEY", "AK")
    with pytest.raises(SettingsInvalid, match=r"^s3\.access_key \(environment variable WATCHDOWN_S3__ACCESS"):
        Settings.read(ENVIRONMENT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the settings of a cluster, all passwords and keys of which are `s3cret`."""
    (tmp_path / "watchdown.toml").write_text(CLUSTER + AIRFLOW)
    return tmp_path / "watchdown.toml"


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Return what `watchdown settings` prints."""
    assert main(["settings", *map(str, arguments)]) == ExitCode.OK
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_settings_are_shown_without_secrets(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "--library", file)
    assert "s3cret" not in shown
    lines = dict(line.split("=", 1) for line in shown.splitlines())
    assert set(lines) <= set(known_variables())
    assert lines["WATCHDOWN_S3__SECRET_KEY"] == lines["WATCHDOWN_AIRFLOW__PASSWORD"] == "********"
    assert lines["WATCHDOWN_STORE"] == "opensearch+https://search.example:9200"
    assert lines["WATCHDOWN_DATABASE"].startswith("postgresql://watchdown")
    assert json.loads(printed(capsys, "--json", "--library", file)) == lines


def test_a_worker_is_given_its_secrets_and_no_way_into_database_store_or_airflow(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dict(line.split("=", 1) for line in printed(capsys, "--worker", "--library", file).splitlines())
    assert lines["WATCHDOWN_S3__SECRET_KEY"] == "s3cret"
    assert [name for name, value in lines.items() if "s3cret" in value] == ["WATCHDOWN_S3__SECRET_KEY"]
    sections = {name.removeprefix("WATCHDOWN_").partition("__")[0] for name in lines}
    assert sections == {"STORAGE", "STORE", "MODEL", "S3", "TRITON"}
    assert json.loads(printed(capsys, "--worker", "--json", "--library", file)) == lines


def test_what_a_worker_is_given_makes_its_settings_again(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in printed(capsys, "--worker", "--library", file).splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    found, given = Settings.read(ENVIRONMENT), Settings.read(file)
    for name in ("storage", "store", "model", "s3", "triton"):
        assert getattr(found, name) == getattr(given, name)
    assert found.database is None
