"""Who is told of what this process does, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from watchdown.metrics.instruments import begin
from watchdown.settings import Settings
from watchdown.settings.telemetry import listen_at, otlp_of
from watchdown_schemas.errors import SettingsInvalid

EXTRA = "pip install 'watchdown[metrics]'"


def telling(settings: Settings) -> Callable[[], None]:
    """Begin to tell whom the settings name; return what ends it.

    Raises SettingsInvalid where the extra `metrics` is not installed, or an address cannot be listened at.
    """
    from watchdown import __version__

    with ExitStack() as ends:
        try:
            if at := listen_at(settings):
                from watchdown.metrics.prometheus import Scraped

                ends.callback(begin(Scraped(*at)))
            if url := otlp_of(settings):
                from watchdown.metrics.opentelemetry import Sent

                ends.callback(begin(Sent(url, __version__)))
        except ModuleNotFoundError as error:
            cause = f"needs the package {error.name}, which is not installed"
            raise SettingsInvalid("telemetry", cause, f"Install it with: {EXTRA}") from error
        return ends.pop_all().close
