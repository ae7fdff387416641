# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an ONNX file into the plain graph from which tables are computed."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import onnx
    import onnx.shape_inference
except ImportError:  # said by load_graph, so that `--help` works without it
    onnx = None

Shape = tuple[int, ...]

BYTES_PER_ELEMENT = 4  # fp32
SMALL_TENSOR = 1024  # elements; what is larger is data, and says nothing about shapes


class ModelError(Exception):
    """The model cannot be used; the text says why, on one line."""


@dataclass(frozen=True)
class Node:
    """One operator; an optional input or output that is not used is an empty name."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def label(self) -> str:
        """How messages call this node."""
        shown = self.name or next((name for name in self.outputs if name), "")
        return f"node '{shown}' ({self.op})"


@dataclass
class Graph:
    """What the tables are computed from: shapes (a missing one is unknown) and nodes in order.

    `inputs` has the picture first; `nodes` are those that depend on an input and reach an output.
    """

    inputs: list[str]
    outputs: set[str]
    nodes: list[Node]
    shapes: dict[str, Shape]
    constants: set[str]

    def elements(self, tensor: str, node: Node) -> int:
        """Number of elements of `tensor`, which `node` reads or writes."""
        return math.prod(self.shape(tensor, node))

    def size(self, tensor: str, node: Node) -> int:
        """Bytes of `tensor` at fp32."""
        return BYTES_PER_ELEMENT * self.elements(tensor, node)

    def shape(self, tensor: str, node: Node) -> Shape:
        """Shape of `tensor`, which `node` reads or writes."""
        if tensor not in self.shapes:
            side = "output" if tensor in node.outputs else "input"
            raise ModelError(f"{node.label()}: the shape of its {side} '{tensor}' cannot be "
                             "inferred; export the model with fixed sizes, or simplify it")
        return self.shapes[tensor]

    def activations(self, node: Node) -> list[str]:
        """The inputs of `node` that are not constant, each once."""
        return [name for name in dict.fromkeys(node.inputs)
                if name and name not in self.constants]


def load_model(path: Path) -> Any:
    """Read an ONNX file, without weights that lie in other files, local functions inlined."""
    if onnx is None:
        raise ModelError("cannot be read: the Python package 'onnx' is not installed "
                         "(apt-get install python3-onnx, or pip install onnx)")
    return _inline_functions(_parse(path))


def load_graph(path: Path) -> Graph:
    """Read an ONNX file and infer its shapes, with a dynamic batch set to 1."""
    model = load_model(path)
    _check_order(model.graph)
    inputs = _find_inputs(model.graph)
    _drop_weights(model.graph)
    _set_batch_to_one(model.graph, inputs)
    return _build_graph(_infer_shapes(model).graph, [value.name for value in inputs])


def _parse(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # protobuf warns where it read only a part
            model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise ModelError(error.strerror or str(error)) from error
    except Exception as error:  # protobuf's DecodeError, whose module moved between versions
        raise ModelError("is not an ONNX model") from error
    if not model.graph.node or model.ir_version < 1:
        raise ModelError("is not an ONNX model, or has no nodes")
    return model


def _inline_functions(model: Any) -> Any:
    if not model.functions:
        return model
    try:
        from onnx.inliner import inline_local_functions  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise ModelError("holds local functions, which need onnx 1.15 or newer") from error
    return inline_local_functions(model)


def _check_order(graph: Any) -> None:
    """Every node reads only what is there, and makes what is new: inference and cuts need it."""
    made = {""}.union((value.name for value in graph.input),
                      (value.name for value in graph.initializer),
                      (value.values.name for value in graph.sparse_initializer))
    for proto in graph.node:
        node = _read_node(proto)
        for name in node.inputs:
            if name not in made:
                raise ModelError(f"{node.label()}: its input '{name}' is not made before it")
        for name in node.outputs:
            if name and name in made:
                raise ModelError(f"{node.label()}: its output '{name}' is there already")
        made.update(node.outputs)


def _find_inputs(graph: Any) -> list[Any]:
    """The graph's inputs without its initializers, the picture first."""
    initializers = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initializers]
    if not inputs:
        raise ModelError("has no input")
    for value in inputs:
        if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
            raise ModelError(f"input '{value.name}' has no known shape")
    images = [value for value in inputs if len(value.type.tensor_type.shape.dim) == 4]
    names = ", ".join(f"'{value.name}'" for value in images or inputs)
    if len(images) > 1:
        raise ModelError(f"has several image inputs ({names}); one is supported")
    if not images and len(inputs) > 1:
        raise ModelError(f"has several inputs ({names}), none of them an image")
    return sorted(inputs, key=lambda value: value not in images)


def _drop_weights(graph: Any) -> None:
    """Forget the contents of large initializers: shapes are enough, and inference is faster."""
    for tensor in graph.initializer:
        if math.prod(tensor.dims) > SMALL_TENSOR:
            for content in ("raw_data", "float_data", "int32_data", "int64_data", "double_data"):
                tensor.ClearField(content)


def _set_batch_to_one(graph: Any, inputs: list[Any]) -> None:
    batch_symbols = set()
    for value in inputs:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_value > 0:
                continue
            if axis > 0:
                raise ModelError(f"input '{value.name}' has no fixed size in dimension {axis} "
                                 f"('{dim.dim_param or '?'}'); only the batch may be dynamic")
            batch_symbols.add(dim.dim_param)
            dim.dim_value = 1
    for value in [*graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        for dim in dims:
            if dim.dim_param in batch_symbols - {""}:
                dim.dim_value = 1
        if any(dim.dim_value < 1 for dim in dims):  # stale: let inference find it anew
            value.type.tensor_type.ClearField("shape")


def _infer_shapes(model: Any) -> Any:
    """The model with the shapes of its tensors, as far as they can be known.

    Each round infers shapes and then puts constants in the place of nodes that compute shapes;
    the next round knows more, until nothing is new.
    """
    from tandem.shape_math import known_values  # pylint: disable=import-outside-toplevel
    model.ir_version = max(model.ir_version, 4)  # before, a constant had to be an input, too
    while True:
        try:
            inferred = onnx.shape_inference.infer_shapes(model)
        except Exception as error:  # pylint: disable=broad-except  # the library raises many kinds
            raise ModelError(f"shape inference failed: {_first_line(error)}") from error
        values = known_values(model.graph, _known_shapes(inferred.graph))
        folded = [node for node in model.graph.node
                  if node.op_type != "Constant" and len(node.output) == 1
                  and node.output[0] in values]
        if not folded:
            return inferred
        for node in folded:
            name = node.output[0]
            model.graph.initializer.append(onnx.numpy_helper.from_array(values[name], name))
        folded_names = {node.output[0] for node in folded}
        kept = [node for node in model.graph.node if not folded_names.intersection(node.output)]
        del model.graph.node[:]
        model.graph.node.extend(kept)


def _known_shapes(graph: Any) -> dict[str, Shape]:
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(dim.HasField("dim_value") and dim.dim_value >= 0
                                            for dim in tensor.shape.dim):
            shapes.setdefault(value.name, tuple(dim.dim_value for dim in tensor.shape.dim))
    return shapes


def _build_graph(proto: Any, inputs: list[str]) -> Graph:
    shapes = _known_shapes(proto)
    constants = {tensor.name for tensor in proto.initializer}
    live = []
    for node in (_read_node(node) for node in proto.node):
        if node.op in ("Shape", "Size") or all(name in constants for name in node.inputs if name):
            constants.update(name for name in node.outputs if name)
        else:
            live.append(node)
    outputs = {value.name for value in proto.output}
    live = _reaching(live, outputs)
    if not live:
        raise ModelError("no output depends on its input")
    graph = Graph(inputs, outputs, live, shapes, constants)
    _check_shapes(graph)
    return graph


def _check_shapes(graph: Graph) -> None:
    """Name the first node of which a result that matters has no known shape."""
    used = graph.outputs.union(*(node.inputs for node in graph.nodes))
    for node in graph.nodes:
        for name in used.intersection(node.outputs) - {""}:
            graph.shape(name, node)


def _read_node(proto: Any) -> Node:
    node = Node(proto.name, proto.op_type, tuple(proto.input), tuple(proto.output),
                {item.name: onnx.helper.get_attribute_value(item) for item in proto.attribute})
    if any(item.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
           for item in proto.attribute):
        raise ModelError(f"{node.label()}: control flow is not supported; export a plain graph")
    return node


def _reaching(nodes: list[Node], outputs: set[str]) -> list[Node]:
    """The nodes on which `outputs` depend, in their order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            wanted.update(name for name in node.inputs if name)
            kept.append(node)
    return kept[::-1]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
