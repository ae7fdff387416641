# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network in DVFO's form, and how it is trained; needs PyTorch.

    image -> extractor -> features, importance -> local   (the important channels)  -> logits
                                    \\            `-> remote (the others, quantised)  -> logits
                                     `-> exit (an answer without either)

The extractor ends in attention over channels and places (CBAM's form, as DVFO's SCAM): `importance`
holds the channels' attention.  Of C channels round(xi C) are sent, the least important ones; the
local part sees zeros in their place, the remote part zeros in place of all others.  Where both see
something, the answer is lambda local + (1 - lambda) remote, else of the one that does.
"""

from __future__ import annotations

import numpy
import torch
from torch import nn
from torch.nn import functional

CLASSES = 10
CHANNELS = 32
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of channels sent, each as often in training
BATCH = 64
LEARNING_RATE = 2e-3
SHIFT, TURN, STRETCH = 2.5, 0.2, 0.12  # training pictures: pixels, rad, share; at most
EXIT_WEIGHT, ALONE_WEIGHT = 0.3, 0.5  # in the loss: the exit's, and each part's own answer
SKEW_WEIGHT = 0.3  # of the mean importance: few channels shall matter much


def _halving(inside: int, outside: int) -> tuple[nn.Module, nn.Module]:
    """A convolution that halves each side, and its normalisation, which the export folds into it."""
    return (nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outside))


class Extractor(nn.Module):
    """1 x 28 x 28 bytes to CHANNELS x 4 x 4 features, and their attention."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = _halving(1, 16)
        self.conv2, self.bn2 = _halving(16, 32)
        self.conv3, self.bn3 = _halving(32, CHANNELS)
        self.squeeze = nn.Conv2d(CHANNELS, CHANNELS // 4, 1)
        self.excite = nn.Conv2d(CHANNELS // 4, CHANNELS, 1)
        self.places = nn.Conv2d(2, 1, 3, padding=1)

    def attention(self, pooled: torch.Tensor) -> torch.Tensor:
        """Of channels, from one number a channel."""
        return self.excite(functional.relu(self.squeeze(pooled)))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features and importance."""
        x = image.float() / 255
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = functional.relu(self.bn3(self.conv3(x)))
        mean, most = functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)
        channels = torch.sigmoid(self.attention(mean) + self.attention(most))
        x = x * channels
        places = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1)
        x = x * torch.sigmoid(self.places(places))
        return x, channels.flatten(1)


class Part(nn.Module):
    """Local or remote: features to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 48, 3, padding=1)
        self.fc = nn.Linear(48 * 16, CLASSES)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.fc(functional.relu(self.conv(features)).flatten(1))


class Exit(nn.Module):
    """Features to logits, as cheaply as can be."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(CHANNELS * 4, CLASSES)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.fc(functional.adaptive_avg_pool2d(features, 2).flatten(1))


class Digits(nn.Module):
    """The whole, as it is exported: every part sees all features."""

    OUTPUTS = ("features", "importance", "exit", "local", "remote")

    def __init__(self) -> None:
        super().__init__()
        self.extractor, self.exit = Extractor(), Exit()
        self.local, self.remote = Part(), Part()

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What OUTPUTS names."""
        features, importance = self.extractor(image)
        return (features, importance, self.exit(features), self.local(features),
                self.remote(features))

    def loss(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Of fused answers at drawn shares, of each part's own, and of the exit's."""
        features, importance = self.extractor(images)
        sent = torch.tensor(SHARES)[torch.randint(len(SHARES), (len(labels),))]
        rank = importance.detach().argsort(1, descending=True).argsort(1)
        kept = (rank < CHANNELS - torch.round(sent * CHANNELS)[:, None]).float()[:, :, None, None]
        local, remote = self.local(features * kept), self.remote(features * (1 - kept))
        near = torch.where(sent == 0, 1.0, torch.where(sent == 1, 0.0, 0.5))[:, None]
        return (functional.cross_entropy(near * local + (1 - near) * remote, labels)
                + ALONE_WEIGHT * _where(sent < 1, local, labels)
                + ALONE_WEIGHT * _where(sent > 0, remote, labels)
                + SKEW_WEIGHT * importance.mean()
                + EXIT_WEIGHT * functional.cross_entropy(self.exit(features), labels))


def _where(counts: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    if not counts.any():
        return logits.sum() * 0
    return functional.cross_entropy(logits[counts], labels[counts])


def moved(images: torch.Tensor) -> torch.Tensor:
    """Each picture shifted, turned and stretched a little, anew each time."""
    count = len(images)

    def drawn(most: float) -> torch.Tensor:
        return (2 * torch.rand(count) - 1) * most

    angle, stretch = drawn(TURN), 1 + drawn(STRETCH)
    matrix = torch.stack([
        torch.stack([stretch * angle.cos(), -angle.sin(), drawn(SHIFT * 2 / 28)], 1),
        torch.stack([angle.sin(), stretch * angle.cos(), drawn(SHIFT * 2 / 28)], 1)], 1)
    pictures = images.float()[:, None]
    grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, align_corners=False)


def train(images: numpy.ndarray, labels: numpy.ndarray, epochs: int, seed: int) -> Digits:
    """The network, trained on (count, 28, 28) bytes."""
    torch.manual_seed(seed)
    network = Digits()
    all_images, all_labels = torch.tensor(images), torch.tensor(labels).long()
    steps = epochs * (len(labels) // BATCH)
    optimiser = torch.optim.Adam(network.parameters(), weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for epoch in range(epochs):
        order = torch.randperm(len(labels))
        total = 0.0
        for start in range(0, len(labels) - BATCH + 1, BATCH):
            chosen = order[start:start + BATCH]
            loss = network.loss(moved(all_images[chosen]), all_labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / (len(labels) // BATCH):.4f}",
              flush=True)
    return network.eval()


def export(network: Digits, path: str) -> None:
    """As ONNX (opset 13), with an open batch."""
    names = ["image", *Digits.OUTPUTS]
    torch.onnx.export(network, torch.zeros(1, 1, 28, 28, dtype=torch.uint8), path,
                      opset_version=13, input_names=names[:1], output_names=names[1:],
                      dynamic_axes={name: {0: "batch"} for name in names})
