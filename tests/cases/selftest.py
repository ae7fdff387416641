#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the cases must see what differs, and only that."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import run  # noqa: E402


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_text(self, text, update=False):
        """The code, what was said, and the case's text afterwards."""
        path = os.path.join(self.folder, "a.case")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = run.run_case(path, "/bin/echo", update)
        with open(path, encoding="utf-8") as file:
            return code, said.getvalue(), file.read()

    def assert_good(self, text):
        code, said, _ = self.run_text(text)
        self.assertEqual(code, 0, said)

    def assert_bad(self, text):
        self.assertEqual(self.run_text(text)[0], 1)

    def test_same(self):
        self.assert_good("# a comment\n\n$ tandem one two\none two\n")
        self.assert_good("$ echo a; echo >&2 b; exit 3\na\n! b\n? 3\n")
        self.assert_good("$ cat <<X\n> a\n> b\n> X\na\nb\n")
        self.assert_good("$ printf 'a\\n\\nb\\n'\na\n\nb\n\n$ true\n")
        self.assert_good("$ echo '$ a'; echo '! b'\n\\$ a\n\\! b\n")

    def test_different(self):
        self.assert_bad("$ echo a\nb\n")
        self.assert_bad("$ echo a\n")
        self.assert_bad("$ true\na\n")
        self.assert_bad("$ echo a >&2\na\n")
        self.assert_bad("$ echo a\n! a\n")
        self.assert_bad("$ exit 1\n")
        self.assert_bad("$ true\n? 1\n")
        self.assert_bad("$ printf 'a\\nb\\n'\nb\na\n")

    def test_placeholders(self):
        self.assert_good("$ echo took 3.1 s\ntook [..] s\n")
        self.assert_bad("$ echo took 3.1 ms\ntook [..]  s\n")
        self.assert_good("$ seq 9\n1\n[...]\n9\n")
        self.assert_good("$ seq 2\n1\n[...]\n2\n")
        self.assert_bad("$ seq 9\n1\n[...]\n8\n")
        self.assert_good("$ echo 'a.b'\na.b\n")
        self.assert_bad("$ echo 'axb'\na.b\n")

    def test_places(self):
        self.assert_good("$ pwd; echo $TANDEM_SOURCE/x\n[DIR]\n[SOURCE]/x\n")
        self.assert_good("$ echo a >f\n\n$ cat f\na\n")

    def test_update(self):
        before = "# why\n\n$ printf 'a 1\\nb 2\\n'; exit 4\na [..]\nc\n\n$ echo '? x'\n"
        code, _, after = self.run_text(before, update=True)
        self.assertEqual(code, 0)
        self.assertEqual(after, "# why\n\n$ printf 'a 1\\nb 2\\n'; exit 4\na [..]\nb 2\n? 4\n\n"
                                "$ echo '? x'\n\\? x\n")
        self.assert_good(after)

    def test_needs(self):
        self.assertEqual(self.run_text("# needs: NO_SUCH_VARIABLE\n$ false\n")[0], 77)
        self.assertEqual(self.run_text("# needs: PATH\n$ true\n")[0], 0)

    def test_not_a_case(self):
        for text in ("", "tandem\n$ true\n"):
            with self.assertRaises(ValueError):
                self.run_text(text)


if __name__ == "__main__":
    unittest.main()
