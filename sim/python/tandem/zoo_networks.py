# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the zoo that torchvision does not have, as small torch modules.

Only their shapes matter here: weights are random, nothing is trained.
"""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor, nn


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch normalisation, activation; `same` padding unless told."""

    def __init__(self, inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1,
                 valid: bool = False, activation: Callable[[], nn.Module] = nn.ReLU) -> None:
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (0, 0) if valid else (height // 2, width // 2)
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = activation()


class Branches(nn.Module):
    """Runs modules on the same input and joins what they give, channel-wise."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def _pool_then(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False),
                         ConvNorm(inputs, outputs, 1))


def _inception_a() -> Branches:
    return Branches(
        pool=_pool_then(384, 96),
        one=ConvNorm(384, 96, 1),
        three=nn.Sequential(ConvNorm(384, 64, 1), ConvNorm(64, 96, 3)),
        deep=nn.Sequential(ConvNorm(384, 64, 1), ConvNorm(64, 96, 3), ConvNorm(96, 96, 3)))


def _inception_b() -> Branches:
    return Branches(
        pool=_pool_then(1024, 128),
        one=ConvNorm(1024, 384, 1),
        seven=nn.Sequential(ConvNorm(1024, 192, 1), ConvNorm(192, 224, (1, 7)),
                            ConvNorm(224, 256, (7, 1))),
        deep=nn.Sequential(ConvNorm(1024, 192, 1), ConvNorm(192, 192, (1, 7)),
                             ConvNorm(192, 224, (7, 1)), ConvNorm(224, 224, (1, 7)),
                             ConvNorm(224, 256, (7, 1))))


def _split_ends(inputs: int) -> Branches:
    return Branches(wide=ConvNorm(inputs, 256, (1, 3)), high=ConvNorm(inputs, 256, (3, 1)))


def _inception_c() -> Branches:
    return Branches(
        pool=_pool_then(1536, 256),
        one=ConvNorm(1536, 256, 1),
        three=nn.Sequential(ConvNorm(1536, 384, 1), _split_ends(384)),
        deep=nn.Sequential(ConvNorm(1536, 384, 1), ConvNorm(384, 448, (1, 3)),
                             ConvNorm(448, 512, (3, 1)), _split_ends(512)))


def inception_v4(classes: int = 1000) -> nn.Module:
    """Inception-v4 (Szegedy et al. 2016, figures 3 to 9), input 3x299x299."""
    stem = [
        ConvNorm(3, 32, 3, 2, valid=True), ConvNorm(32, 32, 3, valid=True), ConvNorm(32, 64, 3),
        Branches(pool=nn.MaxPool2d(3, 2), conv=ConvNorm(64, 96, 3, 2, valid=True)),
        Branches(short=nn.Sequential(ConvNorm(160, 64, 1), ConvNorm(64, 96, 3, valid=True)),
                 long=nn.Sequential(ConvNorm(160, 64, 1), ConvNorm(64, 64, (7, 1)),
                                    ConvNorm(64, 64, (1, 7)), ConvNorm(64, 96, 3, valid=True))),
        Branches(conv=ConvNorm(192, 192, 3, 2, valid=True), pool=nn.MaxPool2d(3, 2)),
    ]
    reduction_a = Branches(
        pool=nn.MaxPool2d(3, 2),
        three=ConvNorm(384, 384, 3, 2, valid=True),
        deep=nn.Sequential(ConvNorm(384, 192, 1), ConvNorm(192, 224, 3),
                             ConvNorm(224, 256, 3, 2, valid=True)))
    reduction_b = Branches(
        pool=nn.MaxPool2d(3, 2),
        three=nn.Sequential(ConvNorm(1024, 192, 1), ConvNorm(192, 192, 3, 2, valid=True)),
        seven=nn.Sequential(ConvNorm(1024, 256, 1), ConvNorm(256, 256, (1, 7)),
                            ConvNorm(256, 320, (7, 1)), ConvNorm(320, 320, 3, 2, valid=True)))
    network = nn.Sequential()
    for prefix, blocks in (("stem", stem), ("a", [_inception_a() for _ in range(4)]),
                           ("reduce_a", [reduction_a]), ("b", [_inception_b() for _ in range(7)]),
                           ("reduce_b", [reduction_b]), ("c", [_inception_c() for _ in range(3)])):
        for number, block in enumerate(blocks, 1):
            network.add_module(f"{prefix}{number}" if len(blocks) > 1 else prefix, block)
    network.add_module("avgpool", nn.AdaptiveAvgPool2d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(1536, classes))
    return network


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.1)


class YoloV3Tiny(nn.Module):
    """YOLOv3-tiny (Redmon and Farhadi 2018; structure of darknet's yolov3-tiny.cfg), 3x416x416.

    Gives the two raw detection maps, 13x13 and 26x26, of 3 boxes of 85 numbers a cell.
    """

    def __init__(self, detections: int = 255) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, 16, 3, activation=_leaky)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = ConvNorm(16, 32, 3, activation=_leaky)
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = ConvNorm(32, 64, 3, activation=_leaky)
        self.pool3 = nn.MaxPool2d(2)
        self.conv4 = ConvNorm(64, 128, 3, activation=_leaky)
        self.pool4 = nn.MaxPool2d(2)
        self.conv5 = ConvNorm(128, 256, 3, activation=_leaky)
        self.pool5 = nn.MaxPool2d(2)
        self.conv6 = ConvNorm(256, 512, 3, activation=_leaky)
        self.pad6 = nn.ZeroPad2d((0, 1, 0, 1))  # the pool of stride 1 keeps 13x13
        self.pool6 = nn.MaxPool2d(2, 1)
        self.conv7 = ConvNorm(512, 1024, 3, activation=_leaky)
        self.conv8 = ConvNorm(1024, 256, 1, activation=_leaky)
        self.conv9 = ConvNorm(256, 512, 3, activation=_leaky)
        self.detect1 = nn.Conv2d(512, detections, 1)
        self.conv10 = ConvNorm(256, 128, 1, activation=_leaky)
        self.upsample = nn.Upsample(scale_factor=2)
        self.conv11 = ConvNorm(384, 256, 3, activation=_leaky)
        self.detect2 = nn.Conv2d(256, detections, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for number in range(1, 5):
            x = getattr(self, f"pool{number}")(getattr(self, f"conv{number}")(x))
        fine = self.conv5(x)
        x = self.conv6(self.pool5(fine))
        neck = self.conv8(self.conv7(self.pool6(self.pad6(x))))
        coarse_boxes = self.detect1(self.conv9(neck))
        x = torch.cat([self.upsample(self.conv10(neck)), fine], dim=1)
        return coarse_boxes, self.detect2(self.conv11(x))
