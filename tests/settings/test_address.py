"""Addresses: what is shown of them never has the password, what the driver is given always has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from watchdown.settings import Address
from watchdown.settings.address import SERVERS, parse

ALL = frozenset({"sqlite", "lance", "folder", "onnx"}) | SERVERS
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
hosts = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,5})?", fullmatch=True) | st.just("::1")


@given(user=words, password=words, host=hosts, port=st.integers(1, 65535), name=words, option=words)
def test_a_password_of_any_letters_reaches_the_driver_and_no_one_else(  # noqa: PLR0917 - Hypothesis's form
    user: str, password: str, host: str, port: int, name: str, option: str
) -> None:
    secret = f"s3cret{password}s3cret"
    address = Address(
        kind="postgresql",
        host=host,
        port=port,
        path=name.replace("/", "_"),
        username=user,
        password=SecretStr(secret),
        options={"application_name": option, "sslpassword": secret},
    )
    assert parse(address.reveal(), {"postgresql"}) == address
    for shown in (str(address), repr(address), f"{address}", f"{[address]}"):
        assert "s3cret" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////a/b.db",
        "sqlite:///b.db",
        "lance:/lake",
        "lance:lake",
        "onnx:",
        "s3://bucket/a/b",
        "s3://bucket",
        "opensearch://h:9201",
        "opensearch+https://[::1]:9200",
        "triton://h:8001",
        "postgresql://u@h:5432/d",
        "postgresql:///d?host=%2Frun",
    ],
)
def test_an_address_is_shown_as_it_was_written(text: str) -> None:
    assert str(parse(text, ALL)) == text


def test_ports_are_the_servers_own_unless_given() -> None:
    ports = {"postgresql://h/d": 5432, "opensearch://h": 9200, "triton://h": 8001, "s3://b": None}
    assert {text: parse(text, ALL).port for text in ports} == ports
