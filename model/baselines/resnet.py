"""Residual networks in their stock layouts (He et al., 2016; the stride of a bottleneck is on its 3x3 convolution).

Shapes: B batch, C channels, H W pixels.
"""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

STEM = 64


class ResidualBlock(nn.Module):
    """Branch plus short cut, then ReLU. The short cut is a 1x1 convolution where the shapes differ."""

    growth: ClassVar[int]

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = width * self.growth
        self.branch = self.branch_of(before, width, stride)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(*_convolution(before, after, kernel=1, stride=stride))

    @staticmethod
    def branch_of(before: int, width: int, stride: int) -> nn.Sequential:
        """Convolutions with BatchNorm, the last without ReLU."""
        raise NotImplementedError

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return F.relu(self.branch(x_BCHW) + self.shortcut(x_BCHW))


class Basic(ResidualBlock):
    """Two 3x3 convolutions."""

    growth = 1

    @staticmethod
    def branch_of(before: int, width: int, stride: int) -> nn.Sequential:
        return nn.Sequential(
            *_convolution(before, width, kernel=3, stride=stride), nn.ReLU(), *_convolution(width, width, kernel=3)
        )


class Bottleneck(ResidualBlock):
    """1x1, 3x3, 1x1, four times as wide at the end."""

    growth = 4

    @staticmethod
    def branch_of(before: int, width: int, stride: int) -> nn.Sequential:
        return nn.Sequential(
            *_convolution(before, width, kernel=1),
            nn.ReLU(),
            *_convolution(width, width, kernel=3, stride=stride),
            nn.ReLU(),
            *_convolution(width, 4 * width, kernel=1),
        )


class ResNet(nn.Module):
    """Stem, four stages, global mean, one linear map to `outputs`. `shrink` divides every width."""

    def __init__(
        self, block: type[ResidualBlock], depths: tuple[int, int, int, int], *, outputs: int, shrink: int = 1
    ) -> None:
        super().__init__()
        before = STEM // shrink
        self.stem = nn.Sequential(
            *_convolution(3, before, kernel=7, stride=2), nn.ReLU(), nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        )
        self.stages = nn.Sequential()
        for stage, depth in enumerate(depths):
            width = STEM * 2**stage // shrink
            for index in range(depth):
                self.stages.append(block(before, width, stride=2 if stage and not index else 1))
                before = width * block.growth
        self.out = nn.Linear(before, outputs)

    def forward(self, x_B3HW: Tensor) -> Tensor:
        """(B, outputs)"""
        out: Tensor = self.out(self.stages(self.stem(x_B3HW)).mean(dim=(2, 3)))
        return out


def resnet18(*, outputs: int = 1000, shrink: int = 1) -> ResNet:
    return ResNet(Basic, (2, 2, 2, 2), outputs=outputs, shrink=shrink)


def resnet50(*, outputs: int = 1000, shrink: int = 1) -> ResNet:
    return ResNet(Bottleneck, (3, 4, 6, 3), outputs=outputs, shrink=shrink)


def _convolution(before: int, after: int, *, kernel: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    layer = nn.Conv2d(before, after, kernel_size=kernel, stride=stride, padding=kernel // 2, bias=False)
    return layer, nn.BatchNorm2d(after)
