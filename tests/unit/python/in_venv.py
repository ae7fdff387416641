# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing this goes on in the virtual environment that `./bootstrap python` makes (TANDEM_VENV),
or skips the test where there is none.

Of a library with sanitizers, their runtime has to be there before Python: TANDEM_PRELOAD names it.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = Path(os.environ.get("TANDEM_VENV") or ROOT / "build" / "venv")
PRELOAD = os.environ.get("TANDEM_PRELOAD", "")


def skip(why):
    """Ends the program as one that was not run."""
    print("skipped:", why)
    sys.exit(77)


def _go_there():
    python = VENV / "bin" / "python"
    if not os.access(python, os.X_OK):
        skip(f"no virtual environment in {VENV}; ./bootstrap python makes it")
    if PRELOAD == "none":
        skip("Python cannot load a library with this compiler's sanitizers")
    environment = dict(os.environ, TANDEM_IN_VENV="yes")
    if PRELOAD:
        environment["LD_PRELOAD"] = PRELOAD
        environment["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "")
                                       + ":detect_leaks=0")  # Python itself frees little
    os.execve(python, [str(python), *sys.argv], environment)


if os.environ.pop("TANDEM_IN_VENV", None) is None:
    _go_there()
os.environ.pop("LD_PRELOAD", None)  # children need none
sys.path.insert(0, str(ROOT / "sim" / "python"))
