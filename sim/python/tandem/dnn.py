# SPDX-License-Identifier: GPL-3.0-or-later
"""What a `<dnn>` description holds, and the one function that writes it.

Every size is in bytes at fp32 (4 bytes an element), whatever type the model was stored in:
the simulator scales by the precision of the run.  One MAC is one multiply and one add, 2 FLOP.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence
from xml.sax.saxutils import escape

SOURCE_KINDS = ("measured", "fitted", "published", "assumed")


@dataclass(frozen=True)
class Source:
    """Where numbers come from; `kind` is one of SOURCE_KINDS."""

    id: str
    kind: str
    what: str


@dataclass(frozen=True)
class Layer:
    """One row of the table.  Bytes are memory traffic; `kernels` counts launches."""

    name: str
    op: str
    macs: int = 0
    weight_bytes: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    kernels: int = 0


@dataclass(frozen=True)
class Cut:
    """A place where one tensor of `bytes` bytes and `channels` channels crosses.

    Rows up to and including `after` run before the cut.
    """

    after: str
    bytes: int
    channels: int


@dataclass(frozen=True)
class Exit:
    """A branch of `layers` that answers from the tensor of the cut `after`."""

    name: str
    after: str
    layers: list[Layer]


@dataclass(frozen=True)
class Accuracy:
    """Accuracy in percent, and under which conditions: None is not part of them.

    `bits` is the width of the features that are sent, `xi` their share of the channels, `weight`
    the board's in the fusion (lambda), `exit` where it leaves early.
    """

    percent: float
    source: str
    bits: int | None = None
    xi: float | None = None
    weight: float | None = None
    exit: str | None = None


@dataclass
class Dnn:
    """A network.  `input_shape` is (channels, height, width); the other sizes are in bytes."""

    name: str
    title: str
    input_shape: tuple[int, int, int]
    raw_bytes: int
    compressed_bytes: int
    sources: list[Source]
    layers: list[Layer]
    cuts: list[Cut]
    accuracy: list[Accuracy] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)

    def macs(self) -> int:
        """MACs of the whole network."""
        return sum(layer.macs for layer in self.layers)

    def summary(self) -> str:
        """One line for people."""
        weights = sum(layer.weight_bytes for layer in self.layers)
        kernels = sum(layer.kernels for layer in self.layers)
        return (f"{self.name}: {self.macs() / 1e9:.4f} GMAC, {weights / 1e6:.1f} MB of weights, "
                f"{len(self.layers)} layers, {kernels} kernels, {len(self.cuts)} cuts")


def xml_text(dnn: Dnn) -> str:
    """The description as XML text; the same `dnn` always gives the same text."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        _tag("dnn", [("name", dnn.name), ("title", dnn.title),
                     ("input", "x".join(str(size) for size in dnn.input_shape)),
                     ("raw", _bytes(dnn.raw_bytes)),
                     ("compressed", _bytes(dnn.compressed_bytes))], end=">"),
    ]
    for source in dnn.sources:
        lines.append("  " + _tag("source", [("id", source.id), ("kind", source.kind),
                                            ("what", source.what)]))
    for layer in dnn.layers:
        lines.append("  " + _layer(layer))
    for cut in dnn.cuts:
        lines.append("  " + _tag("cut", [("after", cut.after), ("bytes", _bytes(cut.bytes)),
                                         ("channels", str(cut.channels))]))
    for way in dnn.exits:
        lines.append("  " + _tag("exit", [("name", way.name), ("after", way.after)], end=">"))
        lines += ["    " + _layer(layer) for layer in way.layers] + ["  </exit>"]
    for row in dnn.accuracy:
        lines.append("  " + _tag("accuracy", _conditions(row) + [
            ("value", f"{row.percent:.2f} %"), ("source", row.source)]))
    lines.append("</dnn>")
    return "\n".join(lines) + "\n"


def write_xml(dnn: Dnn, path: Path) -> None:
    """Write `dnn` to `path`: whole or not at all.  Raises OSError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(xml_text(dnn), encoding="utf-8")
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def one_line(text: str) -> str:
    """`text` on one line, without control characters (which XML forbids) and double spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _layer(layer: Layer) -> str:
    return _tag("layer", [("name", layer.name), ("op", layer.op), ("macs", str(layer.macs)),
                          ("weights", _bytes(layer.weight_bytes)), ("in", _bytes(layer.in_bytes)),
                          ("out", _bytes(layer.out_bytes)), ("kernels", str(layer.kernels))])


def _conditions(row: Accuracy) -> list[tuple[str, str]]:
    named = [("exit", row.exit), ("bits", row.bits),
             ("xi", None if row.xi is None else f"{100 * row.xi:g} %"),
             ("lambda", None if row.weight is None else f"{100 * row.weight:g} %")]
    return [(key, str(value)) for key, value in named if value is not None]


def _bytes(count: int) -> str:
    return f"{count} B"


def _tag(name: str, attributes: Sequence[tuple[str, str]], end: str = "/>") -> str:
    pairs = "".join(f' {key}="{_attribute(value)}"' for key, value in attributes)
    return f"<{name}{pairs}{end}"


def _attribute(text: str) -> str:
    return escape(one_line(text), {'"': "&quot;"})
