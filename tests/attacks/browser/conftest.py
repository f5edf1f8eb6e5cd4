"""A browser for attacks that end in a page."""

from tests.browser.conftest import browser, forecast, lab, models, page, shot  # noqa: F401  # fixtures are found by import
