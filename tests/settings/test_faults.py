"""Wrong, half-given and unknown settings: told with key, source and remedy before anything is opened."""

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchdown
from settings.conftest import Read
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.settings import Settings
from watchdown.settings.origins import known_variables
from watchdown_schemas.errors import SettingsInvalid

STORE = 'store = "lance:lake"\n'
SECRET = "hunter2"

WRONG = {
    "": ("store (FILE)", "is not set", "lance:FOLDER"),
    'store = "solr://h"': ("store (FILE, line 1)", "solr: is none of them", "lance:FOLDER"),
    'store = "lake"': ("store (FILE, line 1)", "has no kind", "lance:FOLDER"),
    "store = 5": ("store (FILE, line 1)", "is no text", "lance:FOLDER"),
    'store = "lance:"': ("store (FILE, line 1)", "names no file or folder", "lance:FOLDER"),
    'store = "opensearch:///x"': ("store (FILE, line 1)", "names no host", "opensearch://"),
    'store = "opensearch://h/index"': ("store (FILE, line 1)", "has a path", "opensearch://"),
    'store = "opensearch://u:hunter2@h"': ("store (FILE, line 1)", "user or password", "opensearch://"),
    'store = "opensearch://h?a=hunter2"': ("store (FILE, line 1)", "has options", "opensearch://"),
    'store = "opensearch://h#hunter2"': ("store (FILE, line 1)", "has a #", "opensearch://"),
    f'{STORE}storage = "s3://"': ("storage (FILE, line 2)", "names no bucket", "s3://BUCKET/PREFIX"),
    f'{STORE}storage = "s3://AK:hunter2@b"': ("storage (FILE, line 2)", "user or password", "s3://"),
    f'{STORE}storage = "ftp://h/x"': ("storage (FILE, line 2)", "ftp: is none of them", "s3://"),
    f'{STORE}model = "onnx"': ("model (FILE, line 2)", "has no kind", "triton://HOST:PORT"),
    f'{STORE}database = "sqlite:///a.db"': ("database (FILE, line 2)", "without storage", "storage ="),
    f'{STORE}database = "postgresql://h"': ("database (FILE, line 2)", "names no database", "/NAME"),
    f'{STORE}database = "postgresql:///x"': ("database (FILE, line 2)", "names no host", "/NAME"),
    f'{STORE}database = "postgresql://u:hunter/2@h/d"': ("database (FILE, line 2)", "%2F", "/NAME"),
    f'{STORE}database = "postgresql://u:hunter2@h:x/d"': ("database (FILE, line 2)", "port", "/NAME"),
    f'{STORE}database = "mysql://u:hunter2@h/d"': ("database (FILE, line 2)", "mysql: is none", "sqlite:"),
    f'{STORE}databse = "hunter2"': ("databse (FILE, line 2)", "is no setting", "database is meant"),
    f'{STORE}colour = "hunter2"': ("colour (FILE, line 2)", "is no setting", "Known here: database,"),
    f'{STORE}[s3]\nendpiont = "hunter2"': ("s3.endpiont (FILE, line 3)", "no setting", "s3.endpoint is"),
    f'{STORE}s3.regon = "hunter2"': ("s3.regon (FILE, line 2)", "is no setting", "s3.region is meant"),
    f'{STORE}[s4]\nregion = "hunter2"': ("s4 (FILE, line 2)", "is no setting", "s3"),
    f'{STORE}[s3]\nendpoint = "hunter2"': ("s3.endpoint (FILE, line 3)", "is refused", "http://HOST"),
    f'{STORE}[s3]\naccess_key = "hunter2"': ("s3.access_key (FILE, line 3)", "without secret_key", "neither"),
    f'{STORE}[s3]\nsecret_key = "hunter2"': ("s3.secret_key (FILE, line 3)", "without access_key", "neither"),
    f'{STORE}[s3]\nsecret_key = ["hunter2"]': ("s3.secret_key (FILE, line 3)", "valid string", "text"),
    f'{STORE}s3 = "hunter2"': ("s3 (FILE, line 2)", "is refused", "section"),
    f'{STORE}[opensearch]\nusername = "u"': ("opensearch.username (FILE, line 3)", "password", "neither"),
    f'{STORE}[opensearch]\npassword = "hunter2"': ("opensearch.password (FILE, line 3)", "username", "nei"),
    f'{STORE}[opensearch]\npassword = ""': ("opensearch.password (FILE, line 3)", "at least 1", "text"),
    f'{STORE}[opensearch]\nshards = "hunter2"': ("opensearch.shards (FILE, line 3)", "integer", "whole"),
    f"{STORE}[opensearch]\nshards = 0": ("opensearch.shards (FILE, line 3)", "greater than 0", "from 1"),
    f"{STORE}[opensearch]\ntimeout_s = nan": ("opensearch.timeout_s (FILE, line 3)", "refused", "seconds"),
    f"{STORE}[opensearch]\ntimeout_s = inf": ("opensearch.timeout_s (FILE, line 3)", "finite", "seconds"),
    f'{STORE}[opensearch]\nengine = "nmslib"': ("opensearch.engine (FILE, line 3)", "lucene", "faiss"),
    f'{STORE}[opensearch]\nprefix = "A B"': ("opensearch.prefix (FILE, line 3)", "refused", "small letters"),
    f'{STORE}[opensearch]\nca = "ca"': (
        "opensearch.ca (FILE, line 3)",
        "store is not at",
        "opensearch+https",
    ),
    f'{STORE}[opensearch]\naws_service = "es"': (
        "opensearch.aws_service (FILE, line 3)",
        "aws_region",
        "both",
    ),
    f'{STORE}[opensearch]\nusername="u"\npassword="hunter2"\naws_region="r"': (
        "opensearch.username (FILE, line 3)",
        "beside aws_region",
        "Leave one",
    ),
    f'{STORE}[triton]\nca = "ca"': ("triton.ca (FILE, line 3)", "without tls", "tls = true"),
    f'{STORE}[triton]\ntls = true\nca = "ca"': ("triton.ca (FILE, line 4)", "where no file is", "Name the"),
    f'{STORE}[triton]\ntls = "perhaps"': ("triton.tls (FILE, line 3)", "boolean", "true or false"),
    f"{STORE}work = 3": ("work (FILE, line 2)", "refused", "folder of this machine"),
    "store = ": ("FILE", "is no TOML", "lines such as"),
    'store = "hunter2': ("FILE", "is no TOML", "lines such as"),
    f"{STORE}{STORE}": ("FILE", "is no TOML", "lines such as"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_setting_is_told_with_key_source_and_remedy(read: Read, tmp_path: Path, text: str) -> None:
    where, cause, remedy = WRONG[text]
    with pytest.raises(SettingsInvalid) as raised:
        read(text)
    assert raised.value.subject == where.replace("FILE", str(tmp_path / "watchdown.toml"))
    assert cause in raised.value.cause
    assert remedy in raised.value.remedy
    assert SECRET not in "".join(traceback.format_exception(raised.value))


VARIABLES = {
    "WATCHDOWN_STORE": ("hunter2", "store (environment variable WATCHDOWN_STORE)", "has no kind"),
    "WATCHDOWN_DATABASE": ("", "database (environment variable WATCHDOWN_DATABASE)", "has no kind"),
    "WATCHDOWN_S3__SECRET_KEY": ("hunter2", "s3.secret_key (environment variable ", "without access_key"),
    "WATCHDOWN_S3__ACCESS_KEY": ("", "s3.access_key (environment variable ", "at least 1"),
    "WATCHDOWN_TRITON__IN_FLIGHT": ("hunter2", "triton.in_flight (environment variable ", "integer"),
    "WATCHDOWN_STORGE": ("hunter2", "environment variable WATCHDOWN_STORGE", "is no setting"),
    "WATCHDOWN_S3_SECRET_KEY": ("hunter2", "environment variable WATCHDOWN_S3_SECRET_KEY", "is no setting"),
    "WATCHDOWN_OPENSEARCH__PASWORD": (
        "hunter2",
        "environment variable WATCHDOWN_OPENSEARCH__P",
        "no setting",
    ),
    "WATCHDOWN_S3": ("{hunter2", "environment", "is no JSON"),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_wrong_variable_is_told_by_its_name(read: Read, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value, where, cause = VARIABLES[name]
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as raised:
        read(STORE + 'storage = "media"\n')
    assert raised.value.subject.startswith(where)
    assert cause in raised.value.cause
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_each_variable_that_is_almost_one_is_led_to_it(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (one for one in known_variables() if "__" in one):
        with monkeypatch.context() as patch:
            patch.setenv(name.replace("__", "_"), "hunter2")
            with pytest.raises(SettingsInvalid, match=f"Perhaps {name} is meant"):
                read(STORE)


FIELDS = sorted(known_variables())


@given(name=st.sampled_from(FIELDS), value=st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_text_is_a_setting_or_is_refused_as_one(name: str, value: str) -> None:
    secret = f"{value}{SECRET}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATCHDOWN_STORE", "lance:lake")
        patch.setenv("WATCHDOWN_STORAGE", "media")
        patch.setenv(name, secret)
        try:
            told = [repr(Settings.read(EMPTY)), ""]
        except SettingsInvalid as error:
            told = traceback.format_exception(error)
    if name.endswith(("KEY", "PASSWORD")) or len(told) > 2:
        assert SECRET not in "".join(told)


EMPTY = Path(__file__).with_name("empty.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "watchdown.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsInvalid, match="is no UTF-8 text"):
        Settings.read(file)


def test_a_library_to_write_to_needs_a_database(tmp_path: Path) -> None:
    (tmp_path / "watchdown.toml").write_text(f'{STORE}storage = "m"')
    with pytest.raises(SettingsInvalid) as raised:
        watchdown.open(tmp_path / "watchdown.toml", create=True)
    assert raised.value.subject == "database"
    assert [path.name for path in tmp_path.iterdir()] == ["watchdown.toml"]


def test_the_command_line_ends_with_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "watchdown.toml"
    file.write_text(f'{STORE}[s3]\nsecret_key = "hunter2"')
    assert main(["titles", "--library", str(file)]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: s3.secret_key ({file}, line 3): is given without access_key.")


def test_a_library_opens_by_its_file_of_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "watchdown.toml"
    file.write_text('database = "sqlite:///library.db"\nstorage = "media"\nstore = "lance:lake"')
    assert main(["titles", "--library", str(file)]) == ExitCode.NOT_FOUND
    with watchdown.open(file, create=True):
        pass
    assert main(["titles", "--library", str(file)]) == ExitCode.OK
    assert "No titles yet" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} >= {"library.db", "media", "watchdown.toml"}
