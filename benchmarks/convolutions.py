"""What do the convolutions of whole models cost, whose kernels each call turns into torch's order?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.rows import Contest, Row, ratio_row
from benchmarks.timing import Call

# The filters of a convolution, 0 for a depthwise one, the size of its kernel, and its strides.
Plan = list[tuple[int, int, int]]

_BOTTLENECKS: Plan = [(64, 7, 2)] + [
    step
    for width, strides in ((64, 2), (128, 2), (256, 2), (512, 2))
    for step in ((width, 1, 1), (width, 3, strides), (4 * width, 1, 1), (width, 1, 1), (width, 3, 1), (4 * width, 1, 1))
]
_INVERTED: Plan = [(32, 3, 2)] + [
    step
    for width, strides in ((24, 2), (32, 2), (96, 2), (160, 2))
    for step in ((6 * width, 1, 1), (0, 3, strides), (width, 1, 1), (6 * width, 1, 1), (0, 3, 1), (width, 1, 1))
]
_PLAIN: Plan = [(width, 3, strides) for width in (32, 64, 128, 256) for strides in (1, 2)]
_SMALL: Plan = [(16, 3, 1), (32, 3, 2), (32, 3, 2)]


def _ours(plan: Plan) -> nn.Module:
    steps: list[Any] = []
    for filters, size, strides in plan:
        padding = "same" if strides == 1 else "valid"
        steps.append(
            keras.layers.Conv2D(filters, size, strides, padding)
            if filters
            else keras.layers.DepthwiseConv2D(size, strides, padding)
        )
        steps.append(nn.ReLU())
    return nn.Sequential(*steps)


def _by_hand(plan: Plan, channels: int) -> Any:
    steps: list[nn.Module] = []
    for filters, size, strides in plan:
        padding = size // 2 if strides == 1 else 0
        outputs, groups = (filters, 1) if filters else (channels, channels)
        steps += [nn.Conv2d(channels, outputs, size, strides, padding, groups=groups), nn.ReLU()]
        channels = outputs
    return nn.Sequential(*steps)


def _contest(plan: Plan, shape: tuple[int, ...], is_training: bool, is_tuned: bool) -> Contest:
    """Compare with torch's modules in the faster of its two memory formats.

    `is_tuned`: whether our kernels lie in torch's order, too.
    """
    images: Any = torch.randn(shape)
    ours: Any = _ours(plan)
    ours(images)
    if is_tuned:
        ours.to(memory_format=torch.channels_last)
    call = _step if is_training else _forward
    first: Any = images.permute(0, 3, 1, 2).contiguous()
    by_hand = [
        call(_by_hand(plan, shape[-1]).to(memory_format=order), first.contiguous(memory_format=order))
        for order in (torch.contiguous_format, torch.channels_last)
    ]
    return Contest(call(ours, images), by_hand, None)


def _forward(model: nn.Module, images: torch.Tensor) -> Call:
    @torch.no_grad()
    def forward(images: torch.Tensor) -> Any:
        return model(images)

    return Call(forward, images)


def _step(model: Callable[..., Any], images: torch.Tensor) -> Call:
    parameters = list(model.parameters())  # pyright: ignore[reportFunctionMemberAccess]
    return Call(lambda images: torch.autograd.grad(model(images).square().mean(), parameters), images)


def _rows(name: str, plan: Plan, side: int, channels: int, single: float = 1.07) -> list[Row]:
    def row(case: str, target: float, batch: int, is_training: bool = False, is_tuned: bool = False) -> Row:
        contest = partial(_contest, plan, (batch, side, side, channels), is_training, is_tuned)
        return ratio_row(f"{name}, {case}", target, contest)

    return [
        row("batch 1", single, 1),
        row("batch 8", 1.03, 8),
        row("batch 8, gradients", 1.03, 8, is_training=True),
        row("batch 1, after .to(channels_last)", 1.03, 1, is_tuned=True),
    ]


ROWS = [
    *_rows("convolutions as in ResNet50", _BOTTLENECKS, 224, 3),
    *_rows("convolutions as in MobileNetV2", _INVERTED, 224, 3),
    *_rows("convolutions as in a U-Net's half", _PLAIN, 128, 3),
    # Of 0.2 ms, so that the calls themselves count.
    *_rows("three small convolutions", _SMALL, 28, 1, single=1.2),
]
