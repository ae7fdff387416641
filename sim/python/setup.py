# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the header, and the library where it has been built, into the package.

TANDEM_LIBRARY names another library than build/release/libtandem.so of the checkout. Without one,
the package looks for it when it is imported.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "sim" / "tandem.h"
LIBRARY = Path(os.environ.get("TANDEM_LIBRARY") or ROOT / "build" / "release" / "libtandem.so")


class BuildWithLibrary(build_py):
    """Copies both; what an earlier build left goes."""

    def run(self):
        super().run()
        if self.editable_mode:  # the package finds them in the checkout
            return
        folder = Path(self.build_lib) / "tandem"
        for source, name in ((HEADER, "tandem.h"), (LIBRARY, "libtandem.so")):
            (folder / name).unlink(missing_ok=True)
            if source.is_file():
                shutil.copyfile(source, folder / name)


class PlatformDistribution(Distribution):
    """With the library, it is for this kind of machine alone."""

    def has_ext_modules(self):
        return LIBRARY.is_file()


setup(cmdclass={"build_py": BuildWithLibrary}, distclass=PlatformDistribution)
