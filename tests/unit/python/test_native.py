# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.native: structures as a C compiler lays them out; where the library is found, and what is
said where it is not; the package as pip installs it."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import in_venv

from tandem import native

STRUCTURES = ("tdm_error", "tdm_spaces", "tdm_step", "tdm_buffers", "tdm_plan", "tdm_outcome")
CONSTANTS = ("TDM_KNOBS", "TDM_NEXT_STEP", "TDM_SAME_STEP", "TDM_NO_RESET")


def load(code="import tandem.native as n; print(n.library_path)", path=None, **environment):
    """Runs code in a Python of its own, which gets the environment variables that are not None."""
    variables = {**os.environ, "TANDEM_LIBRARY": None, "PYTHONPATH": path, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/",
                          timeout=120, check=False,
                          env={key: str(v) for key, v in variables.items() if v is not None})


class Layout(unittest.TestCase):
    """cffi's idea of tandem.h, and the compiler's."""

    def test_offsets(self):
        lines, expected = [], []
        for name in STRUCTURES:
            kind = native.ffi.typeof("struct " + name)
            for field, what in kind.fields:
                lines.append(f'offsetof(struct {name}, {field})')
                expected.append(what.offset)
            lines.append(f"sizeof(struct {name})")
            expected.append(native.ffi.sizeof(kind))
        for name in CONSTANTS:
            lines.append(name)
            expected.append(getattr(native.lib, name))
        printed = "".join(f'printf("%zu\\n", (size_t){line});' for line in lines)
        program = f'#include <stdio.h>\n#include "tandem.h"\nint main(void) {{ {printed} }}\n'
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "layout.c").write_text(program, encoding="utf-8")
            subprocess.run([os.environ.get("CC", "cc"), f"-I{in_venv.ROOT}/sim", "layout.c", "-o",
                            "layout"], cwd=folder, check=True)
            answer = subprocess.run([f"{folder}/layout"], capture_output=True, text=True,
                                    check=True)
        self.assertEqual([int(line) for line in answer.stdout.split()], expected)
        self.assertGreater(len(expected), 60)


class Finding(unittest.TestCase):
    """The library, in a copy of the package that lies in no checkout."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        source = in_venv.ROOT / "sim"
        self.package = self.folder / "deep" / "er" / "tandem"
        shutil.copytree(source / "python" / "tandem", self.package)
        shutil.copy(source / "tandem.h", self.package)

    def load(self, **environment):
        """Imports the copy."""
        return load(path=self.package.parent, **environment)

    def refused(self, *expected, **environment):
        """Importing it ends with an ImportError that says all of that."""
        done = self.load(**environment)
        self.assertEqual(done.returncode, 1, done.stdout)
        last = done.stderr[done.stderr.rindex("\nImportError"):]
        for text in expected:
            self.assertIn(text, last)

    def compile(self, code):
        """A shared library of this C code."""
        path = self.folder / "made.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-xc", "-", "-o", path],
                       input=code, text=True, check=True)
        return path

    def test_none(self):
        self.refused("./bootstrap build", "TANDEM_LIBRARY", "libtandem.so.", PATH="/nowhere")

    def test_named_but_not_there(self):
        self.refused("/nowhere/libtandem.so", "TANDEM_LIBRARY",
                  TANDEM_LIBRARY="/nowhere/libtandem.so")

    def test_another_library(self):
        other = self.compile("int other;")
        self.refused(f"{other} is not libtandem", TANDEM_LIBRARY=other)

    def test_another_version(self):
        old = self.compile('const char *tdm_version(void) { return "0.0.9"; }')
        self.refused(f"{old} is of version 0.0.9", TANDEM_LIBRARY=old)

    def test_from_before_environments(self):
        version = native.ffi.string(native.lib.tdm_version()).decode()
        old = self.compile(f'const char *tdm_version(void) {{ return "{version}"; }}')
        self.refused(f"{old} is older than this package", TANDEM_LIBRARY=old)

    @unittest.skipIf(in_venv.PRELOAD, "Python would need the sanitizers' runtime")
    def test_pkg_config(self):
        prefix = self.folder / "prefix"
        for folder in ("include", "lib/pkgconfig"):
            (prefix / folder).mkdir(parents=True)
        library = prefix / "lib" / native.SONAME
        shutil.copy(native.library_path, library)
        (prefix / "lib" / "pkgconfig" / "tandem.pc").write_text(
            f"libdir={prefix}/lib\nName: tandem\nDescription: -\nVersion: {native.__version__}\n",
            encoding="utf-8")
        shutil.copy(self.package / "tandem.h", prefix / "include")
        done = self.load(PKG_CONFIG_PATH=prefix / "lib" / "pkgconfig")
        self.assertEqual(done.stdout.strip(), str(library), done.stderr)

    @unittest.skipIf(in_venv.PRELOAD, "Python would need the sanitizers' runtime")
    def test_checkout(self):
        checkout = self.folder / "checkout"
        (checkout / "sim" / "python").mkdir(parents=True)
        (checkout / "build" / "release").mkdir(parents=True)
        shutil.move(self.package, checkout / "sim" / "python" / "tandem")
        shutil.move(checkout / "sim" / "python" / "tandem" / "tandem.h", checkout / "sim")
        library = checkout / "build" / "release" / "libtandem.so"
        shutil.copy(native.library_path, library)
        done = load(path=checkout / "sim" / "python")
        self.assertEqual(done.stdout.strip(), str(library), done.stderr)


class Installed(unittest.TestCase):
    """By pip, into a folder: header and library come along."""

    @unittest.skipIf(in_venv.PRELOAD, "Python would need the sanitizers' runtime")
    def test_pip(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "-q",
                            "install", "--no-deps", "--no-build-isolation", "--no-index",
                            "--target", folder, in_venv.ROOT / "sim" / "python"], check=True, timeout=300,
                           env={**os.environ, "TANDEM_LIBRARY": native.library_path})
            done = load(path=folder)
            self.assertEqual(done.stdout.strip(), f"{folder}/tandem/libtandem.so", done.stderr)
            done = load("import gymnasium, tandem\n"
                        "env = gymnasium.make('Tandem/Scenario-v0', scenario='default')\n"
                        "print(env.reset(seed=1)[0].shape)", path=folder)
            self.assertRegex(done.stdout, r"^\(\d+,\)$", done.stderr)


if __name__ == "__main__":
    unittest.main()
