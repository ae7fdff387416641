# SPDX-License-Identifier: GPL-3.0-or-later
"""As in_venv, for tests that do not load libtandem into Python: they need no sanitizer's runtime,
under which C++ modules like onnxruntime's cannot throw."""

import os

os.environ["TANDEM_PRELOAD"] = ""

import in_venv  # noqa: E402,F401  pylint: disable=unused-import,wrong-import-position
from in_venv import skip  # noqa: E402,F401  pylint: disable=unused-import,wrong-import-position
