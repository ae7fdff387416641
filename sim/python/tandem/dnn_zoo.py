# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the files of `platforms/dnns` again: export each network with torch, import its ONNX file.

    python3 -m tandem.dnn_zoo -o platforms/dnns [NAME...]

Needs torch, torchvision and onnx.  Weights are random: the tables need shapes only.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from tandem.dnn import Accuracy, Dnn, Source, write_xml
from tandem.exits import LOSS_OF_8_BIT, add_exits
from tandem.import_onnx import import_model
from tandem.onnx_graph import ModelError

OPSET = 17  # the first with LayerNormalization as one operator
LOSS_SOURCE = Source("accuracy-8bit", "assumed",
                     "typical loss of 8-bit feature quantisation (0.5 points), not measured here")
TOP_1 = "torchvision model card, IMAGENET1K_V1 weights, ImageNet-1k top-1"


@dataclass(frozen=True)
class Entry:
    """A network of the zoo: `pixels` is the side of its square picture, `percent` its accuracy.

    `builder` is a torchvision model's name, or `zoo_networks:NAME` for one of our own.
    """

    name: str
    title: str
    builder: str
    pixels: int
    percent: float
    accuracy_source: str = TOP_1


ZOO = (
    Entry("resnet18", "ResNet-18", "resnet18", 224, 69.76),
    Entry("resnet50", "ResNet-50", "resnet50", 224, 76.13),
    Entry("mobilenet-v2", "MobileNet-v2", "mobilenet_v2", 224, 71.88),
    Entry("efficientnet-b0", "EfficientNet-B0", "efficientnet_b0", 224, 77.69),
    Entry("inception-v3", "Inception-v3", "inception_v3", 299, 77.29),
    Entry("inception-v4", "Inception-v4", "zoo_networks:inception_v4", 299, 80.2,
          "TensorFlow-Slim's table of trained models (the authors' weights), ImageNet-1k top-1"),
    Entry("vit-b16", "ViT-B/16", "vit_b_16", 224, 81.07),
    Entry("yolov3-tiny", "YOLOv3-tiny", "zoo_networks:YoloV3Tiny", 416, 33.1,
          "darknet's YOLO page, COCO test-dev mAP at IoU 0.5 (mAP50)"),
    Entry("vgg19", "VGG-19", "vgg19", 224, 72.38),
)


def build(entry: Entry) -> tuple[Any, str]:
    """The torch module of `entry`, and what it is, for the file's source."""
    import torchvision  # pylint: disable=import-outside-toplevel
    if entry.builder.startswith("zoo_networks:"):
        from tandem import zoo_networks  # pylint: disable=import-outside-toplevel
        made = getattr(zoo_networks, entry.builder.partition(":")[2])()
        return made, f"tandem.zoo_networks {entry.builder.partition(':')[2]} (published structure)"
    version = ".".join(torchvision.__version__.split(".")[:2])
    options = {"init_weights": False} if entry.builder in ("inception_v3", "vgg19") else {}
    made = getattr(torchvision.models, entry.builder)(weights=None, **options)
    return made, f"torchvision {version} {entry.builder}"


def export(module: Any, pixels: int, path: Path) -> None:
    """Write `module` as ONNX for one picture of 3 x pixels x pixels."""
    import torch  # pylint: disable=import-outside-toplevel
    options: dict[str, Any] = {"opset_version": OPSET, "input_names": ["image"]}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False  # newer exporters: keep to the one that names nodes by module
    with warnings.catch_warnings():  # gradients stay on: without, attention becomes one opaque node
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), torch.zeros(1, 3, pixels, pixels), str(path), **options)


def make(entry: Entry) -> Dnn:
    """The complete description of `entry`."""
    module, origin = build(entry)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{entry.name}.onnx"
        export(module, entry.pixels, path)
        dnn = import_model(path, entry.name, entry.title,
                           f"{origin}, exported to ONNX and read by tandem.import_onnx")
    dnn.sources[1:1] = [Source("accuracy", "published", entry.accuracy_source), LOSS_SOURCE]
    dnn.accuracy = [Accuracy(entry.percent, "accuracy"),
                    Accuracy(entry.percent - LOSS_OF_8_BIT, LOSS_SOURCE.id, bits=8)]
    add_exits(dnn)
    return dnn


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    names = [entry.name for entry in ZOO]
    parser = argparse.ArgumentParser(prog="python3 -m tandem.dnn_zoo",
                                     description="Make the descriptions of the shipped networks.")
    parser.add_argument("-o", "--output", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("names", metavar="NAME", nargs="*",
                        help=f"which ones (default: all): {', '.join(names)}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"no network '{unknown[0]}'; there are {', '.join(names)}")
    try:
        for entry in ZOO:
            if not options.names or entry.name in options.names:
                dnn = make(entry)
                write_xml(dnn, options.output / f"{entry.name}.xml")
                print(dnn.summary(), flush=True)
    except ImportError as error:
        print(f"tandem.dnn_zoo needs torch and torchvision: {error}", file=sys.stderr)
        return 2
    except (ModelError, OSError) as error:
        print(f"{entry.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
