# SPDX-License-Identifier: GPL-3.0-or-later
"""The house rules: which room may include which, and what no file may hold."""

import os
import re

ROOMS = {
    "sim/core": {"sim/core"},
    "sim/trace": {"sim/core", "sim/trace"},
    "sim/model": {"sim/core", "sim/trace", "sim/model"},
    "sim/engine": {"sim/core", "sim/trace", "sim/model", "sim/engine"},
    "sim/env": {"sim/core", "sim/trace", "sim/model", "sim/engine", "sim/env"},
    "hil/board": {"sim/core", "sim/model", "hil/board"},
    "hil/inference": {"sim/core", "hil/inference"},
    "hil/keys": {"sim/core", "hil/keys"},
    "hil/cloud": {"sim/core", "sim/model", "hil/inference", "hil/keys", "hil/cloud"},
    "hil/guardian": {"sim/core", "sim/model", "hil/board", "hil/guardian"},
    "hil/vboard": {"sim/core", "sim/trace", "sim/model", "sim/engine", "hil/vboard"},
    "hil/wire": {"sim/core", "hil/board", "hil/inference", "hil/wire"},
    "hil/client": {"sim/core", "hil/board", "hil/keys", "hil/wire", "hil/client"},
    "hil/agent": {"sim/core", "sim/model", "hil/board", "hil/inference", "hil/keys", "hil/cloud",
                  "hil/wire", "hil/agent"},
    "hil": {"sim/core", "sim/trace", "sim/model", "sim/engine", "hil/board", "hil/wire", "hil/client",
            "hil"},
    "policies": {"sim/core", "sim/trace", "sim/model", "sim/engine", "sim/env", "policies"},
    "sim/cli": {"sim/core", "sim/trace", "sim/model", "sim/engine", "sim/env", "hil/board",
                "hil/inference", "hil/keys", "hil/cloud", "hil/client", "hil", "policies", "sim/cli"},
}

# Foreign headers, and the one file (or the few whose names begin alike) that may include them.
ONLY_IN = {
    "SimGrid": (r"(simgrid|xbt)(/|\.h)", "sim/engine/simgrid"),
    "Expat": (r"expat\.h", "sim/core/xml.c"),
    "HDF5": (r"(hdf5(_hl)?|H5\w*)\.h", "sim/core/h5"),
    "a BLAS": (r"(cblas|f77blas|openblas\w*)\.h", "policies/learn/blas"),
    "FUSE": (r"fuse(3/.*|_lowlevel)?\.h", "hil/vboard/fuse.c"),
    # Nobody needs its header: the slots of its table that we use stand there.
    "ONNX Runtime": (r"(.*/)?(onnxruntime\w*|hil/inference/ort)\.h", "hil/inference/"),
}

# What the agent takes along to a board beside hil/board; stems of files in sim/. Outside of them
# stands Expat, no more. hil/agent.cmake builds it from the same list.
AGENT = ["core/error", "core/units", "core/text", "core/arena", "core/xml", "core/schema",
         "core/schema_help", "core/table", "core/partial", "core/extremes", "model/source",
         "model/fit", "model/latency", "model/power", "model/library", "model/board"]
AGENT_FORBIDDEN = r"gsl/|(simgrid|xbt)(/|\.h)|(hdf5(_hl)?|H5\w*)\.h|jansson\.h"

MAX_LINES = 600
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
SOURCE = re.compile(r"\.(c|h|py|sh|cmake|xml|xsd|in)$|(^|/)(CMakeLists\.txt|bootstrap|\.ci/[^/]+)$")
TEXT = re.compile(r"\.(md|json|txt|toml|ipynb|case|csv)$")
NOT_OURS = re.compile(r"(^|/)(\.git|build|__pycache__|\.cache|[^/]*\.egg-info)(/|$)"
                      r"|^tests/fuzz/corpus/|\.pc\.in$")
# Folders of somebody's machine. Written so that this file does not break its own rule.
MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me/\\w+",
                                                         "Us" + "ers/\\w+"]) + r")/")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    """The room that holds `path`, or None (sim/tandem.h belongs to all)."""
    for room in ROOMS:
        if path.startswith(room + "/"):
            return room
    return None


def files_of(root):
    """Every file of the tree that is ours, relative to `root`, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        inside = "" if inside == "." else inside + "/"
        folders[:] = sorted(f for f in folders if not NOT_OURS.search(inside + f))
        found += [inside + name for name in names if not NOT_OURS.search(inside + name)]
    return sorted(found)


def resolve(root, path, header):
    """The file of the tree that an #include in `path` means, or None for a foreign header."""
    for base in (os.path.dirname(path), "sim", ""):
        candidate = os.path.normpath(os.path.join(base, header))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


class Checker:
    def __init__(self, root):
        self.root = root
        self.problems = []

    def wrong(self, path, line, message):
        self.problems.append(f"{path}:{line}: {message}")

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def includes(self, path, text):
        for match in INCLUDE.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match.group(2)

    def check_includes(self, path, text):
        room = room_of(path)
        for line, header in self.includes(path, text):
            for name, (pattern, owner) in ONLY_IN.items():
                if re.fullmatch(pattern + ".*", header) and not path.startswith(owner):
                    self.wrong(path, line, f"only {owner} includes {name} (<{header}>)")
            target = resolve(self.root, path, header)
            if target is None:
                # A header that should be ours and is not there hides a floor.
                if header.split("/")[0] in ("core", "trace", "model", "engine", "env", "cli"):
                    self.wrong(path, line, f"there is no sim/{header}")
                continue
            if target == "sim/tandem.h":
                continue
            other = room_of(target)
            if other not in ROOMS[room]:
                self.wrong(path, line, f"{room} must not know {other or 'what is in no room'} "
                                       f"({target})")

    def check_agent(self):
        starts = [f"sim/{stem}{suffix}" for stem in AGENT for suffix in (".c", ".h")]
        starts += [path for path in files_of(self.root) if re.match(r"hil/(board|inference|guardian)/", path)]
        for start in starts:
            self.follow_agent(start, set(), start)
        listing = os.path.join("hil", "agent.cmake")
        if os.path.isfile(os.path.join(self.root, listing)):
            built = re.search(r"set\(agent_stems([^)]*)\)", self.read(listing))
            if not built or sorted(built.group(1).split()) != sorted(AGENT):
                self.wrong(listing, 1, "not the list of rules.py (AGENT)")

    def agents_own(self, target):
        """Whether what the agent takes along may include this file of the tree."""
        return target.startswith(("hil/board/", "hil/inference/")) or target == "sim/tandem.h" \
            or os.path.splitext(target)[0] in {f"sim/{stem}" for stem in AGENT}

    def follow_agent(self, path, seen, start):
        """Whatever an agent's file includes, directly or not, must be the agent's own."""
        if path in seen or not os.path.isfile(os.path.join(self.root, path)):
            return
        seen.add(path)
        for line, header in self.includes(path, self.read(path)):
            if re.match(AGENT_FORBIDDEN, header):
                self.wrong(path, line, f"<{header}> in what the agent takes along ({start})")
            target = resolve(self.root, path, header)
            if target and start.startswith("hil/") and not self.agents_own(target):
                self.wrong(path, line, f"{target} in what the agent takes along ({start}), but it "
                                       "is not in AGENT")
            if target:
                self.follow_agent(target, seen, start)

    def check_file(self, path):
        if not (SOURCE.search(path) or TEXT.search(path)):
            return
        text = self.read(path)
        if SOURCE.search(path) and SPDX not in text[:400]:
            self.wrong(path, 1, f"no '{SPDX}' in the first lines")
        room = room_of(path)
        if room and path.endswith((".c", ".h")):
            self.check_includes(path, text)
        lines = text.count("\n")
        if path.startswith(("sim/", "policies/", "hil/")) and SOURCE.search(path) \
                and lines > MAX_LINES:
            self.wrong(path, lines, f"{lines} lines, more than {MAX_LINES}: what is its one thing?")
        for match in MACHINE_PATH.finditer(text):
            self.wrong(path, text.count("\n", 0, match.start()) + 1,
                       f"a folder of one machine: {match.group(0)}")
        if path.startswith("sim/") and path.endswith((".c", ".h")) and path.count("/") > 1 \
                and room is None:
            self.wrong(path, 1, "stands in no room of sim/")

    def run(self):
        for path in files_of(self.root):
            self.check_file(path)
        self.check_agent()
        return sorted(set(self.problems))
