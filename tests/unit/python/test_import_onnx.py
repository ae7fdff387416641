# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.import_onnx on small graphs whose tables were worked out by hand.

    python3 -m unittest discover -s tests/unit/python
"""

import contextlib
import io
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sim" / "python"))

from tandem import import_onnx, onnx_graph  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    onnx = None

NEEDS_ONNX = "the Python package 'onnx' is not installed"


def tensor(name, shape, kind=None):
    """A typed graph input or output; a shape may hold names for dynamic sizes."""
    return helper.make_tensor_value_info(name, kind or TensorProto.FLOAT, shape)


def weight(name, *shape):
    """An initializer full of zeros."""
    return numpy_helper.from_array(numpy.zeros(shape, numpy.float32), name)


def integers(name, *values):
    """A small int64 initializer."""
    return numpy_helper.from_array(numpy.array(values, numpy.int64), name)


def model(nodes, inputs, outputs, weights=(), opset=13):
    """An ONNX model of the operators `nodes`."""
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(weights))
    return helper.make_model(graph, ir_version=7,
                             opset_imports=[helper.make_opsetid("", opset),
                                            helper.make_opsetid("own", 1)])


def conv(name, source, kernel, result, **attributes):
    """A Conv node with weights `kernel`."""
    return helper.make_node("Conv", [source, kernel], [result], name=name, **attributes)


@unittest.skipIf(onnx is None, NEEDS_ONNX)
class Base(unittest.TestCase):
    """Writes models into a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "net.onnx"

    def read(self, *args, **options):
        """The description of model(*args)."""
        onnx.save(model(*args, **options), str(self.path))
        return import_onnx.import_model(self.path, "net", "Net", "test")

    def rows(self, dnn):
        """Layer name -> (macs, weights, in, out, kernels)."""
        return {row.name: (row.macs, row.weight_bytes, row.in_bytes, row.out_bytes, row.kernels)
                for row in dnn.layers}

    def cuts(self, dnn):
        """[(after, bytes, channels)]."""
        return [(cut.after, cut.bytes, cut.channels) for cut in dnn.cuts]


class Tables(Base):
    """Layers and cuts."""

    def test_conv_chain(self):
        dnn = self.read(
            [conv("/c1/Conv", "x", "w1", "a", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["a"], ["b"], name="/act/Relu"),
             helper.make_node("MaxPool", ["b"], ["c"], name="/pool/MaxPool",
                              kernel_shape=[2, 2], strides=[2, 2]),
             conv("/c2/Conv", "c", "w2", "d"),
             helper.make_node("Flatten", ["d"], ["e"], name="/Flatten"),
             helper.make_node("Gemm", ["e", "w3", "b3"], ["y"], name="/fc/Gemm", transB=1)],
            [tensor("x", [1, 3, 8, 8])], [tensor("y", [1, 10])],
            [weight("w1", 4, 3, 3, 3), weight("w2", 2, 4, 1, 1), weight("w3", 10, 32),
             weight("b3", 10)])
        self.assertEqual(self.rows(dnn), {
            "c1/conv": (4 * 64 * 27, 4 * 4 * 27, 4 * 192, 4 * 256, 1),
            "act": (0, 0, 0, 0, 0),
            "pool": (0, 0, 4 * 256, 4 * 64, 1),
            "c2/conv": (2 * 16 * 4, 4 * 8, 4 * 64, 4 * 32, 1),
            "flatten": (0, 0, 0, 0, 0),
            "fc": (320, 4 * 330, 4 * 32, 4 * 10, 1)})
        self.assertEqual(self.cuts(dnn), [
            ("c1/conv", 1024, 4), ("act", 1024, 4), ("pool", 256, 4), ("c2/conv", 128, 2),
            ("flatten", 128, 32)])
        self.assertEqual((dnn.input_shape, dnn.raw_bytes, dnn.compressed_bytes),
                         ((3, 8, 8), 192, 48))

    def test_residual_block(self):
        dnn = self.read(
            [conv("first", "x", "w1", "a", pads=[1, 1, 1, 1]),
             conv("second", "a", "w2", "b", pads=[1, 1, 1, 1]),
             helper.make_node("BatchNormalization", ["b", "s", "s", "s", "s"], ["n"], name="bn"),
             helper.make_node("Relu", ["n"], ["c"], name="relu1"),
             helper.make_node("Add", ["c", "a"], ["d"], name="sum"),
             helper.make_node("Relu", ["d"], ["e"], name="relu2"),
             helper.make_node("GlobalAveragePool", ["e"], ["y"], name="pool")],
            [tensor("x", [1, 2, 4, 4])], [tensor("y", [1, 2, 1, 1])],
            [weight("w1", 2, 2, 3, 3), weight("w2", 2, 2, 3, 3), weight("s", 2)])
        self.assertEqual(self.rows(dnn), {
            "first": (576, 144, 128, 128, 1),
            "second": (576, 144, 128, 128, 1),  # with the batch normalisation folded in
            "bn": (0, 0, 0, 0, 0), "relu1": (0, 0, 0, 0, 0),
            "sum": (0, 0, 256, 128, 1), "relu2": (0, 0, 0, 0, 0),
            "pool": (0, 0, 128, 8, 1)})
        self.assertEqual(self.cuts(dnn), [("first", 128, 2), ("sum", 128, 2), ("relu2", 128, 2)])

    def test_identity_of_a_constant_does_not_cross(self):
        dnn = self.read(
            [helper.make_node("Identity", ["w"], ["w2"], name="same"),
             conv("first", "x", "w", "a"), conv("second", "a", "w2", "b"),
             helper.make_node("Add", ["w", "w2"], ["w3"], name="constant_sum"),
             conv("third", "b", "w3", "y")],
            [tensor("x", [1, 2, 4, 4])], [tensor("y", [1, 2, 4, 4])], [weight("w", 2, 2, 1, 1)])
        self.assertEqual(list(self.rows(dnn)), ["first", "second", "third"])
        self.assertEqual([row.weight_bytes for row in dnn.layers], [16, 16, 16])
        self.assertEqual(self.cuts(dnn), [("first", 128, 2), ("second", 128, 2)])

    def test_depthwise_and_transposed_convolution(self):
        dnn = self.read(
            [conv("depthwise", "x", "w1", "a", group=6, pads=[1, 1, 1, 1]),
             helper.make_node("Clip", ["a", "low", "high"], ["b"], name="relu6"),
             helper.make_node("ConvTranspose", ["b", "w2"], ["y"], name="up", strides=[2, 2])],
            [tensor("x", [1, 6, 5, 5])], [tensor("y", [1, 3, 10, 10])],
            [weight("w1", 6, 1, 3, 3), weight("w2", 6, 3, 2, 2), weight("low"), weight("high")])
        self.assertEqual(self.rows(dnn), {
            "depthwise": (6 * 25 * 9, 4 * 54, 4 * 150, 4 * 150, 1), "relu6": (0, 0, 0, 0, 0),
            "up": (150 * 12, 4 * 72, 4 * 150, 4 * 300, 1)})

    def test_batched_matmul(self):
        """Self-attention without projections: 2 heads, 5 tokens, width 3 a head."""
        dnn = self.read(
            [helper.make_node("Transpose", ["x"], ["t"], name="t", perm=[0, 1, 3, 2]),
             helper.make_node("MatMul", ["x", "t"], ["a"], name="scores"),
             helper.make_node("Softmax", ["a"], ["s"], name="softmax", axis=-1),
             helper.make_node("MatMul", ["s", "x"], ["m"], name="mix"),
             helper.make_node("MatMul", ["m", "w"], ["p"], name="project"),
             helper.make_node("Add", ["b", "p"], ["y"], name="bias")],
            [tensor("x", [1, 2, 5, 3])], [tensor("y", [1, 2, 5, 4])],
            [weight("w", 3, 4), weight("b", 4)])
        self.assertEqual(self.rows(dnn), {
            "t": (0, 0, 120, 120, 1),
            "scores": (2 * 5 * 5 * 3, 0, 240, 200, 1), "softmax": (0, 0, 200, 200, 1),
            "mix": (2 * 5 * 5 * 3, 0, 320, 120, 1),
            "project": (2 * 5 * 3 * 4, 4 * 16, 120, 160, 1), "bias": (0, 0, 0, 0, 0)})
        self.assertEqual(self.cuts(dnn), [("mix", 120, 3), ("project", 160, 4)])

    def test_silu_fuses_and_squeeze_and_excite_does_not(self):
        dnn = self.read(
            [conv("conv", "x", "w", "a"),
             helper.make_node("Sigmoid", ["a"], ["s"], name="sigmoid"),
             helper.make_node("Mul", ["a", "s"], ["b"], name="silu"),
             helper.make_node("GlobalAveragePool", ["b"], ["g"], name="squeeze"),
             helper.make_node("Sigmoid", ["g"], ["h"], name="gate"),
             helper.make_node("Mul", ["b", "h"], ["y"], name="scale")],
            [tensor("x", [1, 2, 3, 3])], [tensor("y", [1, 2, 3, 3])], [weight("w", 2, 2, 1, 1)])
        self.assertEqual([row.kernels for row in dnn.layers], [1, 0, 0, 1, 1, 1])
        self.assertEqual(dnn.layers[0].out_bytes, 72)  # `a` never reaches memory
        self.assertEqual(self.cuts(dnn), [("conv", 72, 2), ("silu", 72, 2)])

    def test_dynamic_batch_and_computed_shapes(self):
        """view(x.shape[0], -1) as exporters write it, with a division that inference skips."""
        dnn = self.read(
            [helper.make_node("Shape", ["x"], ["shape"]),
             helper.make_node("Gather", ["shape", "zero"], ["batch"]),
             helper.make_node("Div", ["six", "two"], ["three"]),
             helper.make_node("Concat", ["batch", "three", "rest"], ["wanted"], axis=0),
             helper.make_node("Reshape", ["x", "wanted"], ["a"], name="view"),
             helper.make_node("MatMul", ["a", "w"], ["y"], name="linear")],
            [tensor("x", ["N", 3, 4, 4])], [tensor("y", ["N", 3, 5])],
            [integers("zero", 0), integers("six", 6), integers("two", 2), integers("rest", -1),
             weight("w", 16, 5)])
        self.assertEqual(self.rows(dnn), {"view": (0, 0, 0, 0, 0),
                                          "linear": (3 * 16 * 5, 320, 192, 60, 1)})

    def test_finished_outputs_do_not_cross(self):
        dnn = self.read(
            [conv("trunk", "x", "w", "a"), conv("head1", "a", "w", "y1"),
             conv("body", "a", "w", "b"), conv("head2", "b", "w", "y2")],
            [tensor("x", [1, 2, 4, 4])],
            [tensor("y1", [1, 2, 4, 4]), tensor("y2", [1, 2, 4, 4])], [weight("w", 2, 2, 1, 1)])
        self.assertEqual([cut[0] for cut in self.cuts(dnn)], ["trunk", "head1", "body"])

    def test_dead_nodes_and_unnamed_nodes(self):
        dnn = self.read(
            [conv("", "x", "w", "a"), conv("", "a", "w", "y"), conv("", "a", "w", "unused")],
            [tensor("x", [1, 2, 4, 4])], [tensor("y", [1, 2, 4, 4])], [weight("w", 2, 2, 1, 1)])
        self.assertEqual(list(self.rows(dnn)), ["conv", "conv_2"])

    def test_inputs_that_are_no_pictures(self):
        for shape, expected, raw in (([1, 7], (7, 1, 1), 28), ([1, 7, 9], (7, 9, 1), 252)):
            dnn = self.read([helper.make_node("Relu", ["x"], ["y"])], [tensor("x", shape)],
                            [tensor("y", shape)])
            self.assertEqual((dnn.input_shape, dnn.raw_bytes, dnn.compressed_bytes),
                             (expected, raw, raw))
            self.assertEqual([source.id for source in dnn.sources], ["import"])

    def test_channels_last(self):
        dnn = self.read([helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
                         helper.make_node("Relu", ["a"], ["y"])],
                        [tensor("x", [1, 6, 5, 3])], [tensor("y", [1, 3, 6, 5])])
        self.assertEqual(dnn.input_shape, (3, 6, 5))


class Names(Base):
    """Layer names."""

    def test_names(self):
        nodes = [onnx_graph.Node(name, op, (), (), {}) for name, op in (
            ("/layer1/layer1.0/conv1/Conv", "Conv"), ("/layer1/layer1.0/relu/Relu", "Relu"),
            ("/layer1/layer1.0/relu/Relu_1", "Relu"), ("/layer1/layer1.0/Add", "Add"),
            ("/features/features.0/features.0.0/Conv", "Conv"), ("/Flatten", "Flatten"),
            ("/encoder/layers/encoder_layer_0/ln_1/LayerNormalization", "LayerNormalization"),
            ("a b:0", "Mul"), ("", "Gemm"), ("", "Gemm"))]
        self.assertEqual(import_onnx.layer_names(nodes), [
            "layer1.0/conv1", "layer1.0/relu", "layer1.0/relu_1", "layer1.0/add",
            "features.0.0", "flatten", "encoder_layer_0/ln_1", "a_b_0", "gemm", "gemm_2"])


class Command(Base):
    """The command line: what it writes, and what it says of bad input."""

    def run_command(self, *arguments):
        """Exit code and standard error."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = import_onnx.main([str(argument) for argument in arguments])
        return code, errors.getvalue()

    def refused(self, expected, nodes=None, inputs=None, weights=(), outputs=("y",)):
        """The model is refused with one line that names the file and holds `expected`."""
        if nodes is not None:
            onnx.save(model(nodes, inputs, [tensor(name, None) for name in outputs], weights),
                      str(self.path))
        code, errors = self.run_command(self.path, "-o", self.folder / "out.xml")
        self.assertEqual(code, 2)
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertTrue(errors.startswith(f"{self.path}: "), errors)
        self.assertIn(expected, errors)
        self.assertFalse((self.folder / "out.xml").exists())

    def test_writes_the_same_file_twice(self):
        self.read([conv("c", "x", "w", "a"), helper.make_node("Relu", ["a"], ["y"], name="r")],
                  [tensor("x", [1, 2, 4, 4])], [tensor("y", [1, 2, 4, 4])],
                  [weight("w", 2, 2, 1, 1)])
        texts = []
        for number in (1, 2):
            out = self.folder / f"{number}.xml"
            code, errors = self.run_command(self.path, "-o", out, "--title", 'A "<&>" b')
            self.assertEqual((code, errors.count("\n")), (0, 1))
            texts.append(out.read_text(encoding="utf-8"))
        self.assertEqual(texts[0], texts[1])
        self.assertNotIn(str(self.folder), texts[0])
        self.assertEqual(texts[0].splitlines(), [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<!-- SPDX-License-Identifier: GPL-3.0-or-later -->',
            '<dnn name="net" title="A &quot;&lt;&amp;&gt;&quot; b" input="2x4x4" raw="32 B" '
            'compressed="8 B">',
            '  <source id="import" kind="published" '
            'what="net.onnx, read by tandem.import_onnx"/>',
            '  <source id="jpeg" kind="assumed" '
            'what="JPEG at quality 90, about 2 bits a subpixel"/>',
            '  <layer name="c" op="Conv" macs="64" weights="16 B" in="128 B" out="128 B" '
            'kernels="1"/>',
            '  <layer name="r" op="Relu" macs="0" weights="0 B" in="0 B" out="0 B" kernels="0"/>',
            '  <cut after="c" bytes="128 B" channels="2"/>',
            '</dnn>'])
        self.assertEqual(ElementTree.fromstring(texts[0]).get("title"), 'A "<&>" b')

    def test_warns_of_operators_it_does_not_count(self):
        self.read([helper.make_node("Einsum", ["x", "w"], ["y"], name="e", equation="ij,jk->ik")],
                  [tensor("x", [1, 4])], [tensor("y", [1, 5])], [weight("w", 4, 5)])
        code, errors = self.run_command(self.path, "-o", self.folder / "out.xml")
        self.assertEqual(code, 0)
        self.assertIn("warning: Einsum 'e' counts as 0 MACs", errors)

    def test_missing_file(self):
        self.refused("No such file")

    def test_folder(self):
        self.path.mkdir()
        self.refused("Is a directory")

    def test_not_onnx(self):
        for content in (b"", b"hello, world", b"\x08\x07", bytes(range(256)) * 9):
            self.path.write_bytes(content)
            self.refused("is not an ONNX model")

    def test_truncated(self):
        content = model([helper.make_node("Relu", ["x"], ["y"])], [tensor("x", [1, 2])],
                        [tensor("y", [1, 2])]).SerializeToString()
        self.path.write_bytes(content[:-5])
        self.refused("is not an ONNX model")

    def test_no_input(self):
        self.refused("has no input", [helper.make_node("Relu", ["w"], ["y"])], [],
                     [weight("w", 2)])

    def test_several_pictures(self):
        self.refused("several image inputs ('a', 'b')",
                     [helper.make_node("Add", ["a", "b"], ["y"])],
                     [tensor("a", [1, 3, 4, 4]), tensor("b", [1, 3, 4, 4])])

    def test_several_inputs_none_a_picture(self):
        self.refused("none of them an image", [helper.make_node("Add", ["a", "b"], ["y"])],
                     [tensor("a", [1, 3]), tensor("b", [1, 3])])

    def test_dynamic_height(self):
        self.refused("input 'x' has no fixed size in dimension 2 ('H')",
                     [helper.make_node("Relu", ["x"], ["y"])], [tensor("x", [1, 3, "H", 4])])

    def test_fixed_batch(self):
        self.refused("fixed batch of 8", [helper.make_node("Relu", ["x"], ["y"])],
                     [tensor("x", [8, 3, 4, 4])])

    def test_no_shape(self):
        self.refused("input 'x' has no known shape", [helper.make_node("Relu", ["x"], ["y"])],
                     [tensor("x", None)])

    def test_unknown_operator(self):
        self.refused("node 'odd' (Mystery): the shape of its output 'a'",
                     [helper.make_node("Mystery", ["x"], ["a"], name="odd", domain="own"),
                      helper.make_node("Relu", ["a"], ["y"], name="after")],
                     [tensor("x", [1, 3, 4, 4])])

    def test_output_that_does_not_depend_on_the_input(self):
        self.refused("no output depends on its input", [helper.make_node("Relu", ["w"], ["y"])],
                     [tensor("x", [1, 3, 4, 4])], [weight("w", 2)])

    def test_wrong_order(self):
        self.refused("", [helper.make_node("Relu", ["a"], ["y"], name="late"),
                          helper.make_node("Relu", ["x"], ["a"], name="early")],
                     [tensor("x", [1, 3, 4, 4])])

    def test_operator_without_operands(self):
        self.refused("", [helper.make_node("Conv", ["x"], ["y"], name="c")],
                     [tensor("x", [1, 3, 4, 4])])

    def test_model_that_crashes_shape_inference(self):
        """A convolution of a matrix: onnx 1.17 has a segmentation fault."""
        self.refused("", [conv("c", "x", "w", "y")], [tensor("x", [1, 4])],
                     [weight("w", 2, 2, 3, 3)])

    def test_unwritable_output(self):
        self.read([helper.make_node("Relu", ["x"], ["y"])], [tensor("x", [1, 3, 4, 4])],
                  [tensor("y", [1, 3, 4, 4])])
        code, errors = self.run_command(self.path, "-o", self.folder / "none" / "out.xml")
        self.assertEqual(code, 2)
        self.assertIn("cannot be written: No such file or directory", errors)


class WithoutOnnx(unittest.TestCase):
    """Says what is missing."""

    def test_onnx_is_not_installed(self):
        saved, onnx_graph.onnx = onnx_graph.onnx, None
        self.addCleanup(setattr, onnx_graph, "onnx", saved)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = import_onnx.main(["net.onnx"])
        self.assertEqual(code, 2)
        self.assertEqual(errors.getvalue().count("\n"), 1)
        self.assertIn("net.onnx: ", errors.getvalue())
        self.assertIn(NEEDS_ONNX, errors.getvalue())


if __name__ == "__main__":
    unittest.main()
