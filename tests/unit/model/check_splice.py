# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of a task against Python's own XML: random documents, random settings.

`tandem sweep GRID --scenario 1` sets attributes in the text of a scenario. xml.etree sets the same
in its tree of it; the two must be the same documents. What no setting means must keep its bytes.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

TRIALS = int(os.environ.get("TANDEM_TRIALS", "200"))
ELEMENTS = {
    "board": ["driver", "type"],
    "server": ["type"],
    "link": ["from", "to", "trace", "radio"],
    "stream": ["board", "dnn", "file"],
    "knobs": ["cpu", "gpu", "cut", "processor"],
}
NAMES = {"from", "to", "board"}  # attributes that hold names
LETTERS = "ab x<>&\"'=/[]@é€😀\t\n"


def quoted(value, dice, encoding):
    """A value between quotation marks, with the references that it needs and some that it does not."""
    mark = dice.choice("\"'")
    out = []
    for letter in value:
        if letter in "<&\t\n" + mark or dice.random() < 0.1:
            out.append({"<": "&lt;", "&": "&amp;", '"': "&quot;", "'": "&apos;"}.get(
                letter, f"&#{ord(letter)};" if dice.random() < 0.5 else f"&#x{ord(letter):x};"))
        else:
            out.append(letter if letter.encode(encoding, "ignore") else f"&#{ord(letter)};")
    return mark + "".join(out) + mark


class Splice(unittest.TestCase):
    """One folder, many documents."""

    def setUp(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        self.dice = random.Random(seed)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def space(self, least=1):
        return "".join(self.dice.choice(" \n\t") for _ in range(self.dice.randint(least, 3)))

    def value(self, name=False):
        if name:
            return self.dice.choice(["nano", "tx2", "cloud", "edge"])
        return "".join(self.dice.choice(LETTERS) for _ in range(self.dice.randint(1, 8)))

    def tag(self, name, given, encoding, close="/"):
        dice, pairs = self.dice, list(given.items())
        dice.shuffle(pairs)
        text = "<" + name
        for key, value in pairs:
            text += (self.space() + key + self.space(0) + "=" + self.space(0)
                     + quoted(value, dice, encoding))
        return text + self.space(0) + close + ">"

    def document(self):
        """A scenario by the tables, if a senseless one."""
        dice = self.dice
        encoding = dice.choice(["utf-8", "utf-8", "iso-8859-1"])
        text = f'<?xml version="1.0" encoding="{encoding}"?>' + self.space()
        text += self.tag("scenario", {"name": "n", "duration": "1 s"}, encoding, "")
        ids = 0
        for name in ["board", "stream"] + dice.choices(list(ELEMENTS), k=dice.randint(0, 8)):
            given = {key: self.value(key in NAMES) for key in ELEMENTS[name]
                     if dice.random() < 0.6}
            needed = {"board": ["type"], "server": ["type"], "link": ["from", "to"],
                      "stream": ["board", "dnn"], "knobs": []}[name]
            given.update({key: given.get(key, self.value(key in NAMES)) for key in needed})
            if name in ("board", "server"):
                ids += 1
                given["id"] = f"id{ids}"
            text += self.space(0)
            if dice.random() < 0.3:
                text += '<!-- <link from="a" to=\'b\'> & -->'
            if dice.random() < 0.3:
                text += self.tag(name, given, encoding, "") + self.space(0) + f"</{name}>"
            else:
                text += self.tag(name, given, encoding)
        text += self.space(0) + "</scenario>\n"
        mark = b"\xef\xbb\xbf" if encoding == "utf-8" and dice.random() < 0.2 else b""
        return mark + text.encode(encoding)

    def setting(self, root):
        """A path that means something, its value, and the elements that it means."""
        dice = self.dice
        if dice.random() < 0.1:
            return "@title", self.value(), [root], "title"
        target = dice.choice(list(root))
        attribute = dice.choice(ELEMENTS[target.tag])
        path, meant = target.tag, root.findall(target.tag)
        keys = [key for key, value in target.attrib.items() if "'" not in value]
        if keys and dice.random() < 0.6:
            key = dice.choice(keys)
            path += f"[{key}='{target.get(key)}']"
            meant = [e for e in meant if e.get(key) == target.get(key)]
        value = None if dice.random() < 0.15 else self.value()
        return f"{path}/@{attribute}", value, meant, attribute

    def sweep(self, document, settings):
        folder = Path(self.folder.name)
        (folder / "s.xml").write_bytes(document)
        grid = ET.Element("grid", name="g", scenario="s.xml", policies="random")
        for path, value in settings:
            fix = ET.SubElement(grid, "fix", set=path)
            if value is not None:
                fix.set("value", value)
        ET.ElementTree(grid).write(folder / "g.xml", encoding="utf-8")
        return subprocess.run([os.environ["TANDEM_BIN"], "sweep", "g.xml", "--scenario", "1"],
                              cwd=folder, capture_output=True, check=False)

    def flat(self, root):
        return [(element.tag, element.attrib) for element in root.iter()]

    def pieces(self, document):
        """The document without its start tags: comments, spaces, ends."""
        return re.split(rb"(<!--.*?-->)|<\w(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", document,
                        flags=re.S)

    def test_against_etree(self):
        changed = twice = 0
        for _ in range(TRIALS):
            document = self.document()
            root = ET.fromstring(document)
            settings, seen, clash = [], set(), False
            for _ in range(self.dice.randint(1, 3)):
                path, value, meant, attribute = self.setting(root)
                settings.append((path, value))
                for element in meant:
                    clash |= (element, attribute) in seen
                    seen.add((element, attribute))
            # Filters see the document as it was, so the tree is changed only now.
            copy = ET.fromstring(document)
            same = dict(zip(root.iter(), copy.iter()))
            for (path, value), (meant, attribute) in zip(settings, self.meaning(root, settings)):
                for element in meant:
                    if value is None:
                        same[element].attrib.pop(attribute, None)
                    else:
                        same[element].set(attribute, value)
            done = self.sweep(document, settings)
            if clash:
                twice += 1
                self.assertEqual(done.returncode, 2, (document, settings))
                self.assertIn(b"is set twice", done.stderr)
                continue
            self.assertEqual(done.returncode, 0, (document, settings, done.stderr))
            self.assertEqual(self.flat(ET.fromstring(done.stdout)), self.flat(copy),
                             (document, settings, done.stdout))
            self.assertEqual(self.pieces(done.stdout), self.pieces(document))
            changed += done.stdout != document
        print(f"{changed} documents changed, {twice} refused")
        self.assertGreater(changed, TRIALS // 2)

    def meaning(self, root, settings):
        """The elements that a path means, by a reader of paths of this test's own."""
        for path, _ in settings:
            found = re.fullmatch(r"(?:(\w+)(?:\[(\w+)='(.*?)'\])?/)?@(\w+)", path, re.S)
            name, key, value, attribute = found.groups()
            elements = root.findall(name) if name else [root]
            yield [e for e in elements if not key or e.get(key) == value], attribute


if __name__ == "__main__":
    if not os.environ.get("TANDEM_BIN"):
        print("skipped: TANDEM_BIN does not say where tandem is")
        sys.exit(77)
    unittest.main()
