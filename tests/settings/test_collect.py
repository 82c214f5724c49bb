"""What the settings say of collecting: durations as people write them."""

from datetime import timedelta

import pytest

from settings.conftest import Read
from watchdown.settings.durations import duration, written
from watchdown_schemas.errors import SettingsInvalid

LIBRARY = 'store = "lance:lake"\n[collect]\n'


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90s", 90), ("1.5h", 5400), ("24h", 86_400), (" 7D ", 604_800)]
)
def test_a_duration_is_read_and_written_alike(text: str, seconds: int) -> None:
    read = duration(text)
    assert read == timedelta(seconds=seconds)
    assert duration(written(read)) == read


@pytest.mark.parametrize("text", ["", "h", "-1h", "1 week", "1h30m", "nan", "inf", 5, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def test_what_is_collected_and_when_is_a_setting(read: Read) -> None:
    told = read(LIBRARY + 'grace = "7d"\nretention = "2h"\nidle_writes = "30m"\n').collect
    hours = [one.total_seconds() / 3600 for one in (told.grace, told.retention, told.idle_writes)]
    assert hours == [168, 2, 0.5]
    assert told.keep is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('grace = "soon"', "24h"),
        ("grace = 24", "24h"),
        ('grace = "1h"\nretention = "2h"', "is shorter than retention"),
        ('gracious = "1h"', "collect.grace is meant"),
    ],
)
def test_a_wrong_setting_of_collecting_is_told(read: Read, text: str, told: str) -> None:
    with pytest.raises(SettingsInvalid, match="collect") as error:
        read(LIBRARY + text + "\n")
    assert told in str(error.value)
