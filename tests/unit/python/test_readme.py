# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's Python runs as it stands there."""

import importlib.util
import re
import subprocess
import sys
import tempfile
import unittest

import in_venv

if in_venv.PRELOAD:
    in_venv.skip("PyTorch under sanitizers takes too long")
for needed in ("torch", "stable_baselines3"):
    if not importlib.util.find_spec(needed):
        in_venv.skip("no " + needed)


class Readme(unittest.TestCase):
    """Train with Gymnasium."""

    def test_block(self):
        text = (in_venv.ROOT / "README.md").read_text(encoding="utf-8")
        section = re.search(r"^### Train with Gymnasium$(.*?)^### ", text, re.DOTALL | re.MULTILINE)
        code, = re.findall(r"^```python\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True,
                                  text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        first, last = done.stdout.splitlines()
        self.assertIn("MultiDiscrete([15 12  7 31  2  2])", first)
        latency, energy, cost = map(float, last.split())
        self.assertAlmostEqual(cost, 0.5 * energy + 0.5 * 10 * latency)  # eta and Pmax of `default`


if __name__ == "__main__":
    unittest.main()
