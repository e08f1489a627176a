"""Imports structlog without what it draws with in a terminal, for processes that write JSON.

Where rich is installed, structlog loads it, and with it a hundred modules: 5 MB and 60 ms. The
commands do show their progress with it; workers never.
"""

from __future__ import annotations

import sys

_RICH = "rich"

if _RICH not in sys.modules:
    sys.modules[_RICH] = None  # type: ignore[assignment]  # to import it fails
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules[_RICH]
