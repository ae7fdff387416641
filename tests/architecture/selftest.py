#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The architecture test must be able to fail: every rule is broken once in a small tree."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import rules  # noqa: E402

LICENSE = f"// {rules.SPDX}\n"
HEADERS = ["sim/tandem.h", "sim/core/error.h", "sim/trace/trace.h", "sim/model/board.h",
           "sim/engine/engine.h", "sim/env/env.h", "hil/agent.h", "policies/policy.h",
           "sim/cli/command.h"]


class Architecture(unittest.TestCase):
    def problems(self, **files):
        """What is found in a good tree with these files (path: text) added or replaced."""
        with tempfile.TemporaryDirectory() as root:
            tree = {header: LICENSE for header in HEADERS}
            tree.update(files.pop("files"))
            for path, text in tree.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return rules.Checker(root).run()

    def include(self, path, header):
        return self.problems(files={path: f"{LICENSE}#include {header}\n"})

    def assert_wrong(self, path, header, part):
        found = self.include(path, header)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:2: "), found)
        self.assertIn(part, found[0])

    def test_good_tree(self):
        self.assertEqual(self.problems(files={}), [])

    def test_downwards_is_fine(self):
        for path, header in [
                ("sim/trace/a.c", '"core/error.h"'), ("sim/model/a.c", '"trace/trace.h"'),
                ("sim/engine/a.c", '"model/board.h"'), ("sim/env/a.c", '"engine/engine.h"'),
                ("hil/a.c", '"engine/engine.h"'), ("policies/learn/a.c", '"env/env.h"'),
                ("policies/a.c", '"policies/policy.h"'), ("policies/a.c", '"policy.h"'),
                ("sim/cli/a.c", '"hil/agent.h"'), ("sim/core/a.c", '"tandem.h"'),
                ("sim/core/xml.c", "<expat.h>"), ("sim/core/h5.c", "<hdf5.h>"),
                ("sim/engine/simgrid.c", "<simgrid/actor.h>"), ("sim/model/solve.c", "<gsl/gsl_rng.h>"),
                ("hil/inference/a.c", "<onnxruntime/onnxruntime_c_api.h>"),
                ("hil/inference/a.c", '"hil/inference/ort.h"')]:
            self.assertEqual(self.include(path, header), [], (path, header))

    def test_agents_part(self):
        for header in '"trace/trace.h"', '"engine/engine.h"', '"model/scenario.h"', "<jansson.h>":
            files = {"sim/model/scenario.h": LICENSE,
                     "hil/board/a.c": f"{LICENSE}#include {header}\n"}
            self.assertTrue(any("agent takes along" in found
                                for found in self.problems(files=files)), header)
        files = {"hil/agent.cmake": f"# {rules.SPDX}\nset(agent_stems core/error)\n"}
        self.assertTrue(any("rules.py" in found for found in self.problems(files=files)))

    def test_upwards(self):
        self.assert_wrong("sim/core/a.c", '"trace/trace.h"', "sim/core must not know sim/trace")
        self.assert_wrong("sim/trace/a.h", '"model/board.h"', "sim/trace must not know sim/model")
        self.assert_wrong("sim/model/a.c", '"engine/engine.h"', "must not know sim/engine")
        self.assert_wrong("sim/model/a.c", '"../engine/engine.h"', "must not know sim/engine")
        self.assert_wrong("sim/engine/a.c", '"env/env.h"', "must not know sim/env")
        self.assert_wrong("sim/engine/a.c", "<policies/policy.h>", "must not know policies")
        self.assert_wrong("sim/env/a.c", '"policies/policy.h"', "must not know policies")
        self.assert_wrong("policies/a.c", '"cli/command.h"', "must not know sim/cli")

    def test_nevers(self):
        self.assert_wrong("hil/vboard/folder.c", "<fuse.h>", "includes FUSE")
        self.assert_wrong("hil/vboard/main.c", "<fuse3/fuse_lowlevel.h>", "includes FUSE")
        self.assert_wrong("hil/vboard/a.c", '"hil/agent.h"', "must not know hil")
        self.assert_wrong("policies/learn/a.c", '"hil/agent.h"', "must not know hil")
        self.assert_wrong("hil/a.c", '"policies/policy.h"', "must not know policies")
        self.assert_wrong("hil/a.c", '"env/env.h"', "must not know sim/env")
        self.assert_wrong("sim/engine/engine.c", "<simgrid/actor.h>", "includes SimGrid")
        self.assert_wrong("sim/engine/engine.c", "<simgrid.h>", "includes SimGrid")
        self.assert_wrong("sim/cli/a.c", "<xbt/log.h>", "includes SimGrid")
        self.assert_wrong("sim/trace/a.c", "<expat.h>", "includes Expat")
        self.assert_wrong("sim/trace/a.c", "<hdf5.h>", "includes HDF5")
        self.assert_wrong("sim/engine/a.c", "<H5public.h>", "includes HDF5")
        self.assert_wrong("policies/learn/mlp.c", "<cblas.h>", "includes a BLAS")
        self.assert_wrong("hil/a.c", "<onnxruntime_c_api.h>", "includes ONNX Runtime")

    def test_spelling(self):
        self.assert_wrong("sim/trace/a.c", '"engine/gone.h"', "there is no sim/engine/gone.h")
        found = self.problems(files={"sim/core/a.c": f"{LICENSE}\n  #  include\t<hdf5.h>\n"})
        self.assertIn("sim/core/a.c:3:", found[0])

    def test_agent(self):
        self.assert_wrong("sim/model/board.c", "<gsl/gsl_vector.h>", "agent")
        self.assert_wrong("sim/core/units.c", "<jansson.h>", "agent")
        through = {"sim/model/board.c": f'{LICENSE}#include "model/solve.h"\n',
                   "sim/model/solve.h": f"{LICENSE}#include <gsl/gsl_vector.h>\n"}
        found = self.problems(files=through)
        self.assertEqual(len(found), 1, found)
        self.assertIn("sim/model/solve.h:2:", found[0])

    def test_license(self):
        for path in ["sim/core/a.c", "tests/a.py", "cmake/a.cmake", "platforms/a.xml", "bootstrap",
                     "CMakeLists.txt", "a.sh", ".ci/run"]:
            found = self.problems(files={path: "\n"})
            self.assertEqual(len(found), 1, (path, found))
            self.assertIn("SPDX", found[0])

    def test_length(self):
        long = LICENSE + "\n" * rules.MAX_LINES
        self.assertIn("601 lines", self.problems(files={"sim/core/a.c": long})[0])
        self.assertEqual(self.problems(files={"tests/unit/core/test_a.c": long}), [])

    def test_machine_paths(self):
        for folder in ["/wo" + "rk/x", "/ho" + "me/me/x", "/ro" + "ot/x"]:
            found = self.problems(files={"README.md": f"see\n{folder}\n"})
            self.assertEqual(len(found), 1, (folder, found))
            self.assertIn("README.md:2:", found[0])
        fine = "https://host" + "/wo" + "rk/x  sim/wo" + "rk/  /sys/devices  $HOME" + "/wo" + "rk/"
        self.assertEqual(self.problems(files={"README.md": fine}), [])

    def test_no_room(self):
        found = self.problems(files={"sim/attic/a.c": LICENSE})
        self.assertEqual(len(found), 1, found)
        self.assertIn("in no room", found[0])


if __name__ == "__main__":
    unittest.main()
