"""The web application with its signed-in people, as the tests of the designer have it."""

from __future__ import annotations

from tests.designer.conftest import _pretend, app, config, desks, editor  # noqa: F401 - fixtures
