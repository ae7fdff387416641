# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.cut_onnx: what the stages compute, against NumPy, and what is refused."""

import in_venv_alone  # noqa: F401  pylint: disable=unused-import

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tandem import cut_onnx
from tandem.onnx_graph import ModelError

DRAW = numpy.random.default_rng(7)
FIRST, SECOND, SIDE = (DRAW.normal(size=(4, 4)).astype(numpy.float32) for _ in range(3))


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, **weights):
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, name=name) for op, name, ins, outs in nodes], "test",
        inputs, outputs, [numpy_helper.from_array(array, key) for key, array in weights.items()])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def chain():
    """y = relu(x FIRST) SECOND + relu(x FIRST): the sum's second input crosses beside the product."""
    return model([("MatMul", "one", ["x", "first"], ["a"]), ("Relu", "act", ["a"], ["b"]),
                  ("MatMul", "two", ["b", "second"], ["c"]), ("Add", "sum", ["b", "c"], ["y"])],
                 [value("x", "batch", 4)], [value("y", "batch", 4)], first=FIRST, second=SECOND)


def fork():
    """Features, a score of them, two branches behind them, and an output that is neither."""
    return model([("MatMul", "one", ["x", "first"], ["a"]), ("Relu", "act", ["a"], ["features"]),
                  ("ReduceMean", "mean", ["features"], ["score"]),
                  ("MatMul", "near", ["features", "second"], ["local"]),
                  ("MatMul", "far", ["features", "side"], ["remote"]),
                  ("Add", "mixed", ["features", "x"], ["both"])],
                 [value("x", 1, 4)], [value("score", 1, 1), value("local", 1, 4),
                                      value("remote", 1, 4), value("both", 1, 4)],
                 first=FIRST, second=SECOND, side=SIDE)


def run(stage, **inputs):
    session = onnxruntime.InferenceSession(stage, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


class Cutting(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def cut(self, made, *options, folder="stages"):
        """Exit code, what was said, and the stages written."""
        path = self.place / "m.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = cut_onnx.main([str(path), "-o", str(self.place / folder), *options])
        files = {file.name: file.read_bytes() for file in (self.place / folder).glob("*")}
        return code, said.getvalue(), files

    def test_head_and_tail(self):
        code, said, files = self.cut(chain(), "--at", "act")
        self.assertEqual((code, sorted(files)), (0, ["head.onnx", "tail.onnx"]), said)
        x = DRAW.normal(size=(3, 4)).astype(numpy.float32)
        (crossing,) = run(files["head.onnx"], x=x)
        features = numpy.maximum(x @ FIRST, 0)
        numpy.testing.assert_allclose(crossing, features, rtol=1e-6)
        (y,) = run(files["tail.onnx"], b=crossing)
        numpy.testing.assert_allclose(y, features @ SECOND + features, rtol=1e-5, atol=1e-6)
        weights = {name: {tensor.name for tensor in onnx.load_from_string(content).graph.initializer}
                   for name, content in files.items()}
        self.assertEqual(weights, {"head.onnx": {"first"}, "tail.onnx": {"second"}})

    def test_an_exit_before_the_cut_stays_in_the_head(self):
        made = chain()
        made.graph.node.insert(2, helper.make_node("Softmax", ["b"], ["early"], name="leave"))
        made.graph.output.append(value("early", "batch", 4))
        code, said, files = self.cut(made, "--at", "leave")
        self.assertEqual(code, 0, said)
        self.assertEqual([item.name for item in onnx.load_from_string(files["head.onnx"]).graph.output],
                         ["b", "early"])

    def test_what_crosses_may_be_an_output_itself(self):
        made = chain()
        made.graph.output.append(value("b", "batch", 4))
        code, said, files = self.cut(made, "--at", "act")
        self.assertEqual((code, sorted(files)), (0, ["head.onnx", "tail.onnx"]), said)

    def test_branches(self):
        code, said, files = self.cut(fork(), "--at", "act", "--branches", "local,remote")
        self.assertEqual((code, sorted(files)),
                         (0, ["extractor.onnx", "local.onnx", "remote.onnx"]), said)
        x = DRAW.normal(size=(1, 4)).astype(numpy.float32)
        features, score, both = run(files["extractor.onnx"], x=x)
        numpy.testing.assert_allclose(score, features.mean(keepdims=True), rtol=1e-6)
        numpy.testing.assert_allclose(both, features + x, rtol=1e-6)
        numpy.testing.assert_allclose(run(files["local.onnx"], features=features)[0],
                                      features @ SECOND, rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(run(files["remote.onnx"], features=features)[0],
                                      features @ SIDE, rtol=1e-5, atol=1e-6)

    def refused(self, part, made, *options):
        code, said, files = self.cut(made, *options)
        self.assertEqual((code, files), (2, {}), said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertIn(part, said)

    def test_what_is_refused(self):
        self.refused("did you mean 'act'", chain(), "--at", "ac")
        self.refused("nearest cut is after 'act'", chain(), "--at", "two")
        self.refused("has no output 'near'; it has score, local", fork(), "--at", "act",
                     "--branches", "near,remote")
        self.refused("does not come from what 'act' gives alone", fork(), "--at", "act",
                     "--branches", "both")
        self.refused("is not an ONNX model", b"no model at all", "--at", "act")
        made = chain()
        made.graph.node[1].op_type = "Nonsense"
        self.refused("m.onnx", made, "--at", "act")

    def test_inputs_of_strange_types(self):
        made = model([("Cast", "wide", ["x"], ["a"]), ("Relu", "act", ["a"], ["y"])],
                     [value("x", 1, 4, kind=TensorProto.DOUBLE)], [value("y", 1, 4)])
        made.graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
        self.refused("of another type", made, "--at", "wide")

    def test_a_folder_that_cannot_be(self):
        (self.place / "file").write_text("")
        code, said, files = self.cut(chain(), "--at", "act", folder="file")
        self.assertEqual((code, files), (2, {}))
        self.assertIn("cannot be written", said)

    def test_stages_that_differ_are_found(self):
        """Beside the check itself: one weight of the tail, off by its last bit."""
        path = self.place / "m.onnx"
        path.write_bytes(chain().SerializeToString())
        stages = cut_onnx.cut(path, "act", [])
        cut_onnx.check_stages(chain(), stages)
        weights = numpy_helper.to_array(stages["tail"].graph.initializer[0]).copy()
        weights[2, 1] = numpy.nextafter(weights[2, 1], numpy.float32(9))
        stages["tail"].graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "second"))
        with self.assertRaisesRegex(ModelError, "output 'y' of the stages is not"):
            cut_onnx.check_stages(chain(), stages)


if __name__ == "__main__":
    unittest.main()
