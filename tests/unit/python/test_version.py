# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python package has the version that CMakeLists.txt states."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "sim" / "python"))

import tandem  # noqa: E402  pylint: disable=wrong-import-position


class Version(unittest.TestCase):
    """One number."""

    def test_same_as_cmake(self):
        text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
        stated = re.search(r"project\s*\(\s*\w+\s+VERSION\s+([\d.]+)", text, re.IGNORECASE)
        self.assertEqual(tandem.__version__, stated.group(1))


if __name__ == "__main__":
    unittest.main()
