# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the notebooks as a user would, from top to bottom, with less training and fewer measurements."""

import in_venv  # noqa: F401  goes on in the virtual environment

import os
import re
import unittest

import nbformat
from nbclient import NotebookClient

FOLDER = in_venv.ROOT / "notebooks"
STEPS = "40000"


def run(name, **more):
    """The notebook after a run; what goes wrong in a cell is raised."""
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    os.environ.update({"TANDEM": os.environ["TANDEM_BIN"], "STEPS": STEPS,
                       "MPLBACKEND": "module://matplotlib_inline.backend_inline", **more})
    client = NotebookClient(notebook, timeout=300, kernel_name="python3",
                            resources={"metadata": {"path": str(FOLDER)}})
    return client.execute()


def said(notebook):
    """All that its cells printed."""
    return "".join(output.get("text", "") for cell in notebook.cells if cell.cell_type == "code"
                   for output in cell.outputs)


def pictures(notebook):
    return [output.data["image/png"] for cell in notebook.cells if cell.cell_type == "code"
            for output in cell.outputs if "image/png" in output.get("data", {})]


class Notebooks(unittest.TestCase):
    def test_a_policy_is_trained_and_compared(self):
        notebook = run("01-train-and-compare.ipynb")
        self.assertEqual(len(pictures(notebook)), 3)
        costs = {m[1]: float(m[2]) for m in re.finditer(r"^(\S+) +([\d.]+) \+-", said(notebook), re.M)}
        self.assertEqual(set(costs), {"dvfo", "neurosurgeon", "edge-best", "edge-only",
                                      "cloud-only", "oracle"})
        # Even so little training beats what never looks at the link.
        self.assertLess(costs["dvfo"], costs["edge-only"])
        self.assertLess(costs["oracle"], costs["cloud-only"])

    @unittest.skipUnless("TANDEM_AGENT" in os.environ, "there is no tandem-agent")
    def test_a_board_is_validated(self):
        notebook = run("02-validate-a-board.ipynb", COUNT="12", STEPS="5000", DURATION="4 s")
        self.assertEqual(len(pictures(notebook)), 2)
        self.assertIn("12 rows", said(notebook))
        errors = {m[1]: [float(m[i]) for i in (2, 3, 4)] for m in re.finditer(
            r"^([a-z ]+?) +latency +([\d.]+) %   power +([\d.]+) %   energy +([\d.]+) %", said(notebook), re.M)}
        for before, after in zip(errors["as shipped"], errors["calibrated"]):
            self.assertLess(after, before)
        self.assertLess(errors["calibrated"][0], errors["as shipped"][0] / 3)
        validated = dict(re.findall(r"^(edge-only|dvfo) .*latency +([\d.]+) %", said(notebook), re.M))
        self.assertEqual(set(validated), {"edge-only", "dvfo"})

    def test_nothing_is_kept(self):
        """Outputs are made where it runs; the repository holds the cells alone."""
        for path in FOLDER.glob("0*.ipynb"):
            for cell in nbformat.read(path, as_version=4).cells:
                self.assertFalse(cell.get("outputs"), path.name)


if __name__ == "__main__":
    unittest.main()
