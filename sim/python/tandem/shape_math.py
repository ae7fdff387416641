# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute the small tensors of an ONNX graph that only say what shapes others have.

Exporters write `view(batch, -1, heads, width)` as a web of Shape, Gather, Mul, Concat and the like,
of which `onnx.shape_inference` follows only a part.  `known_values` follows the rest.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Sequence

import numpy
import onnx
from onnx import TensorProto, numpy_helper

from tandem.onnx_graph import SMALL_TENSOR, Shape

Array = numpy.ndarray  # of any shape and type
Arguments = Sequence[Any]  # arrays; None for an optional input that is not there

CAST_TYPES = {TensorProto.FLOAT: numpy.float32, TensorProto.DOUBLE: numpy.float64,
              TensorProto.INT32: numpy.int32, TensorProto.INT64: numpy.int64,
              TensorProto.BOOL: numpy.bool_}


def known_values(graph: Any, shapes: dict[str, Shape]) -> dict[str, Array]:
    """Values of all small tensors that follow from initializers, Constant nodes and `shapes`."""
    values = {}
    for tensor in graph.initializer:
        value = _content(tensor)
        if value is not None:
            values[tensor.name] = value
    for node in graph.node:
        value = _value_of(node, values, shapes)
        if value is not None and value.size <= SMALL_TENSOR:
            values[node.output[0]] = value
    return values


def _value_of(node: Any, values: dict[str, Array], shapes: dict[str, Shape]) -> Array | None:
    attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    if node.op_type in ("Shape", "Size"):
        shape = shapes.get(node.input[0])
        if shape is None:
            return None
        if node.op_type == "Size":
            return numpy.array(numpy.prod(shape, dtype=numpy.int64))
        return numpy.array(shape[attributes.get("start", 0):attributes.get("end")], numpy.int64)
    operation = OPERATIONS.get(node.op_type)
    if operation is None or any(name and name not in values for name in node.input):
        return None
    try:
        with numpy.errstate(all="ignore"):
            result = operation(attributes, [values.get(name) for name in node.input])
        return None if result is None else numpy.asarray(result)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        return None  # the model is wrong there, or uses an old form: inference will say


def _is_small(dims: Sequence[int]) -> bool:
    return 0 <= math.prod(int(dim) for dim in dims) <= SMALL_TENSOR


def _content(tensor: Any) -> Array | None:
    """Value of a stored tensor, if it is small, in the file itself, and sound."""
    if tensor.data_location == TensorProto.EXTERNAL or not _is_small(tensor.dims):
        return None
    try:
        return numpy_helper.to_array(tensor)
    except (KeyError, TypeError, ValueError):
        return None


def _constant(attributes: dict[str, Any], _: Arguments) -> Array | None:
    tensor = attributes.get("value")
    if tensor is not None:
        return _content(tensor)
    for key, kind in (("value_int", numpy.int64), ("value_ints", numpy.int64),
                      ("value_float", numpy.float32), ("value_floats", numpy.float32)):
        if key in attributes:
            return numpy.array(attributes[key], kind)
    return None


def _constant_of_shape(attributes: dict[str, Any], arguments: Arguments) -> Array | None:
    fill = attributes.get("value")
    value = numpy.zeros(1, numpy.float32) if fill is None else _content(fill)
    if value is None or not _is_small(arguments[0]):
        return None
    return numpy.full(arguments[0], value.reshape(-1)[0], value.dtype)


def _axes(attributes: dict[str, Any], arguments: Arguments) -> tuple[int, ...] | None:
    """Axes from the second input (opset 13 on) or the attribute (before)."""
    if len(arguments) > 1 and arguments[1] is not None:
        return tuple(int(axis) for axis in arguments[1])
    return tuple(attributes["axes"]) if "axes" in attributes else None


def _cast(attributes: dict[str, Any], arguments: Arguments) -> Array | None:
    return arguments[0].astype(CAST_TYPES[attributes["to"]])


def _divide(_: dict[str, Any], arguments: Arguments) -> Array | None:
    first, second = arguments
    if not numpy.issubdtype(first.dtype, numpy.integer):
        return first / second
    if not numpy.all(second):
        return None
    return numpy.sign(first) * numpy.sign(second) * (abs(first) // abs(second))  # to zero


def _slice(attributes: dict[str, Any], arguments: Arguments) -> Array | None:
    if len(arguments) > 1:  # opset 10 on
        starts, ends, axes, steps = (*arguments[1:], None, None)[:4]
    else:
        starts, ends, axes, steps = attributes["starts"], attributes["ends"], \
            attributes.get("axes"), None
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    window: list[slice] = [slice(None)] * arguments[0].ndim
    for axis, start, end, step in zip(axes, starts, ends, steps):
        window[int(axis)] = slice(int(start), int(end), int(step))
    return arguments[0][tuple(window)]


def _range(_: dict[str, Any], arguments: Arguments) -> Array | None:
    start, limit, step = (argument.item() for argument in arguments)
    if (limit - start) / step > SMALL_TENSOR:
        return None
    return numpy.arange(start, limit, step, dtype=arguments[0].dtype)


def _expand(_: dict[str, Any], arguments: Arguments) -> Array | None:
    data, shape = arguments
    if not _is_small(shape):
        return None
    return numpy.broadcast_to(data, numpy.broadcast_shapes(data.shape, tuple(shape)))


def _reshape(attributes: dict[str, Any], arguments: Arguments) -> Array | None:
    data, shape = arguments
    if attributes.get("allowzero", 0):
        return data.reshape(shape)
    return data.reshape([data.shape[axis] if size == 0 else size
                         for axis, size in enumerate(shape)])


OPERATIONS: dict[str, Callable[[dict[str, Any], Arguments], Any]] = {
    "Add": lambda _, a: a[0] + a[1],
    "Cast": _cast,
    "Ceil": lambda _, a: numpy.ceil(a[0]),
    "Concat": lambda attributes, a: numpy.concatenate(a, attributes["axis"]),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Div": _divide,
    "Equal": lambda _, a: a[0] == a[1],
    "Expand": _expand,
    "Floor": lambda _, a: numpy.floor(a[0]),
    "Gather": lambda attributes, a: numpy.take(a[0], a[1], attributes.get("axis", 0)),
    "Greater": lambda _, a: a[0] > a[1],
    "Identity": lambda _, a: a[0],
    "Less": lambda _, a: a[0] < a[1],
    "Max": lambda _, a: numpy.max(numpy.broadcast_arrays(*a), axis=0),
    "Min": lambda _, a: numpy.min(numpy.broadcast_arrays(*a), axis=0),
    "Mod": lambda _, a: numpy.mod(a[0], a[1]),
    "Mul": lambda _, a: a[0] * a[1],
    "Neg": lambda _, a: -a[0],
    "Range": _range,
    "ReduceProd": lambda attributes, a: numpy.prod(
        a[0], axis=_axes(attributes, a), keepdims=bool(attributes.get("keepdims", 1))),
    "Reshape": _reshape,
    "Slice": _slice,
    "Sqrt": lambda _, a: numpy.sqrt(a[0]),
    "Squeeze": lambda attributes, a: numpy.squeeze(a[0], _axes(attributes, a)),
    "Sub": lambda _, a: a[0] - a[1],
    "Transpose": lambda attributes, a: numpy.transpose(a[0], attributes.get("perm")),
    "Unsqueeze": lambda attributes, a: numpy.expand_dims(a[0], _axes(attributes, a) or ()),
    "Where": lambda _, a: numpy.where(a[0], a[1], a[2]),
}
