# SPDX-License-Identifier: GPL-3.0-or-later
"""Early exits that a network is given: branches as self-distilled networks have them.

A branch brings the tensor of its cut to the side of the network's last feature map, with
depthwise-separable convolutions of stride 2, each of which doubles the channels; then pooling and
one fully connected layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from tandem.dnn import Accuracy, Cut, Dnn, Exit, Layer, Source

CLASSES = 1000
FLOAT = 4  # bytes
LOSS_OF_8_BIT = 0.5  # percentage points


@dataclass(frozen=True)
class Place:
    """An exit: its name, the cut that it hangs at, its accuracy in percent."""

    name: str
    after: str
    percent: float


SOURCE = Source("exits", "assumed",
                "branches in the manner of self-distilled ResNets: depthwise-separable convolutions "
                "of stride 2 to the side of the last feature map, pooling, one fully connected "
                "layer; accuracies of the order that such exits reach, not measured here")

# What an exit answers right is assumed; so is that the whole loses nothing.
PLACES = {
    "resnet18": (Place("stage1", "layer1.1/relu_1", 41), Place("stage2", "layer2.1/relu_1", 52),
                 Place("stage3", "layer3.1/relu_1", 62)),
    "resnet50": (Place("stage1", "layer1.2/relu_2", 44), Place("stage2", "layer2.3/relu_2", 58),
                 Place("stage3", "layer3.5/relu_2", 72)),
    "mobilenet-v2": (Place("block6", "features.6/add", 48), Place("block10", "features.10/add", 58),
                     Place("block13", "features.13/add", 66)),
}


def separable(name: str, channels: int, side: int) -> list[Layer]:
    """From `channels` maps of `side` x `side` to twice as many of half the side."""
    half = side // 2
    small = channels * half * half
    return [Layer(f"{name}/depthwise", "Conv", 9 * small, 10 * channels * FLOAT,
                  channels * side * side * FLOAT, small * FLOAT, 1),
            Layer(f"{name}/pointwise", "Conv", 2 * channels * small,
                  2 * channels * (channels + 1) * FLOAT, small * FLOAT, 2 * small * FLOAT, 1)]


def side_of(cut: Cut) -> int:
    """Of the square feature map that crosses."""
    return round((cut.bytes / FLOAT / cut.channels) ** 0.5)


def branch(cut: Cut, last: int) -> list[Layer]:
    """The layers from a cut to an answer; `last` is the side of the last feature map."""
    channels, side, layers = cut.channels, side_of(cut), []
    while side > last:
        layers += separable(f"down{len(layers) // 2 + 1}", channels, side)
        channels, side = 2 * channels, side // 2
    layers.append(Layer("pool", "GlobalAveragePool", 0, 0, channels * side * side * FLOAT,
                        channels * FLOAT, 1))
    layers.append(Layer("fc", "Gemm", channels * CLASSES, (channels + 1) * CLASSES * FLOAT,
                        channels * FLOAT, CLASSES * FLOAT, 1))
    return layers


def add_exits(dnn: Dnn) -> None:
    """Gives `dnn` the exits of PLACES, if it has any there."""
    places = PLACES.get(dnn.name, ())
    cuts = {cut.after: cut for cut in dnn.cuts}
    last = min(side for side in map(side_of, dnn.cuts) if side > 1)
    for place in places:
        dnn.exits.append(Exit(place.name, place.after, branch(cuts[place.after], last)))
        dnn.accuracy += [
            Accuracy(place.percent, SOURCE.id, exit=place.name),
            Accuracy(place.percent - LOSS_OF_8_BIT, SOURCE.id, bits=8, exit=place.name)]
    if places:
        dnn.sources.append(SOURCE)
