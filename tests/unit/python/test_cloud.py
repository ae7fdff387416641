# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem-cloud against boards that are written here, from hil/cloud/cloud.proto and the packet's form
alone, and against what the Python package onnxruntime computes of the same features."""

import in_venv_alone  # noqa: F401  pylint: disable=unused-import

import os
import re
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import numpy
import onnxruntime
import zmq

ROOT = Path(__file__).resolve().parents[3]
CLOUD = os.environ.get("TANDEM_CLOUD", "")
TANDEM = os.environ["TANDEM_BIN"]
STAGES = ROOT / "platforms" / "dnns" / "digits"
DATA = ROOT / "build" / "digits"
CHANNELS, SIDE = 32, 4
NONE, MALFORMED, VERSION, ORDER, UNKNOWN, BUSY, LATE, FAILED = range(8)

if not CLOUD:
    in_venv_alone.skip("there is no tandem-cloud: it needs ZeroMQ and protobuf-c")


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def ask(number, features=b"", network="digits", version=1, budget=0):
    """An Ask of cloud.proto; budget in s."""
    text = network.encode()
    return (b"\x08" + varint(version) + b"\x10" + varint(number)
            + b"\x1a" + varint(len(text)) + text
            + b"\x22" + varint(len(features)) + features + b"\x28" + varint(int(budget * 1e6)))


def fields(message):
    """A Reply's fields by number: integers, or bytes."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        else:
            assert key & 7 == 2
            size = number()
            found[key >> 3] = message[at:at + size]
            at += size
    return found


def packet(features, away):
    """Eight bits a value, one scale; and what is left of the features after it."""
    gone = features[away].astype(numpy.float64)
    least = gone.min()
    step = numpy.float32((gone.max() - least) / 255)
    numbers = numpy.rint((gone - least) / step).clip(0, 255).astype(numpy.uint8)
    seen = numpy.zeros(features.shape, numpy.float32)
    seen[away] = numpy.float32(least) + step * numbers.astype(numpy.float32)
    head = struct.pack("<BBHIff", 1, 8, CHANNELS, SIDE * SIDE, least, step)
    return head + numpy.packbits(away, bitorder="little").tobytes() + numbers.tobytes(), seen


def drawn(seed):
    """A packet of some channels, and the features that the remote part should see."""
    draw = numpy.random.default_rng(seed)
    away = draw.random(CHANNELS) < 0.6
    away[seed % CHANNELS] = True
    return packet(draw.gamma(1, 1, (CHANNELS, SIDE, SIDE)).astype(numpy.float32), away)


class Server:
    """A tandem-cloud of this test's own."""

    def __init__(self, uri, *options):
        self.process = subprocess.Popen([CLOUD, "--dnn", "digits", "--bind", uri, *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            said = self.process.communicate(timeout=30)[1]
            if "there is no ONNX Runtime" in said:
                raise unittest.SkipTest(said.strip())
            raise AssertionError(said)
        self.uri = line.split()[1]

    def stop(self):
        """What it said in the end: answered, batches, refused, malformed, strangers."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=30)[1]
        assert self.process.returncode == 0, said
        counts = re.search(r"answered (\d+) in (\d+) batches, refused (\d+) "
                           r"\((\d+) malformed\), turned away (\d+)", said)
        return [int(count) for count in counts.groups()]


class Board:
    """A DEALER."""

    def __init__(self, context, uri):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        if uri:
            self.socket.connect(uri)

    def send(self, *frames):
        self.socket.send_multipart(frames)

    def reply(self, seconds=20):
        """The next Reply's fields, or None."""
        if not self.socket.poll(int(1000 * seconds)):
            return None
        return fields(self.socket.recv())

    def close(self):
        self.socket.close()


class Cloud(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.judge = onnxruntime.InferenceSession(str(STAGES / "remote.onnx"),
                                                 providers=["CPUExecutionProvider"])

    def start(self, uri="tcp://127.0.0.1:*", *options):
        server = Server(uri, *options)
        self.addCleanup(server.process.communicate)
        self.addCleanup(server.process.kill)
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        return server, context

    def board(self, context, server=None):
        board = Board(context, server and server.uri)
        self.addCleanup(board.close)
        return board

    def check_logits(self, reply, seen):
        wanted = self.judge.run(None, {"features": seen[None]})[0][0]
        logits = numpy.frombuffer(reply[9], "<f4")
        numpy.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-5)
        self.assertEqual(logits.argmax(), wanted.argmax())

    def test_description_and_answer(self):
        server, context = self.start()
        board = self.board(context, server)
        board.send(ask(1))
        self.assertEqual(board.reply(), {1: 1, 2: 1, 5: CHANNELS, 6: SIDE * SIDE, 7: 10, 8: 32})
        sent, seen = drawn(3)
        board.send(ask(2, sent))
        reply = board.reply()
        self.assertEqual((reply[2], reply.get(3, NONE), reply[10]), (2, NONE, 1))
        self.assertGreaterEqual(reply[11], 2000)  # it waited for others
        self.check_logits(reply, seen)
        self.assertEqual(server.stop(), [1, 1, 0, 0, 0])

    def test_several_clients_at_once(self):
        """Each has several asks under way; each answer is right, and batches are shared."""
        server, context = self.start("tcp://127.0.0.1:*", "--wait", "5 ms", "--batch", "8")
        clients, asks = 6, 30
        replies = [None] * clients

        def run(which):
            board = Board(context, server.uri)
            for number in range(1, asks + 1):
                board.send(ask(number, drawn(1000 * which + number)[0]))
            replies[which] = [board.reply() for _ in range(asks)]
            board.close()

        threads = [threading.Thread(target=run, args=(which,)) for which in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for which, mine in enumerate(replies):
            self.assertEqual([reply[2] for reply in mine], list(range(1, asks + 1)))
            for reply in mine:
                self.assertEqual(reply.get(3, NONE), NONE)
                self.check_logits(reply, drawn(1000 * which + reply[2])[1])
        answered, batches, refused, *_ = server.stop()
        self.assertEqual((answered, refused), (clients * asks, 0))
        self.assertLess(batches, answered / 3)

    def test_measured_through_the_server_is_measured_locally(self):
        """Three boards at once, over real sockets: every row as where both parts run in one place."""
        if not (DATA / "test-images.idx").exists():
            self.skipTest("no build/digits; './bootstrap inference' makes it")
        server, _ = self.start("tcp://127.0.0.1:*", "--wait", "200 us")
        command = [TANDEM, "dnn", "measure", "digits", "--data", str(DATA),
                   "--count", "100", "--json"]
        local = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
        boards = [subprocess.Popen([*command, "--cloud", server.uri], stdout=subprocess.PIPE)
                  for _ in range(3)]
        for board in boards:
            self.assertEqual(board.communicate(timeout=240)[0], local)
        answered, batches, refused, *_ = server.stop()
        self.assertEqual((answered, refused), (3 * 100 * 4 * 5, 0))
        self.assertLess(batches, answered)

    def test_what_is_malformed_is_refused_and_hurts_nobody(self):
        server, context = self.start()
        good, bad = self.board(context, server), self.board(context, server)
        sent, seen = drawn(5)
        junk = [(b"",), (b"junk",), (ask(1, sent)[:-40],), (ask(1), ask(2)), (b"\xff" * 2000,),
                (ask(1) + b"\x98\x06\x01",), (ask(0),), (ask(1, network="../digits x"),)]
        for frames in junk:
            bad.send(*frames)
            self.assertEqual(bad.reply()[3], MALFORMED, frames)
        wrong = [(ask(1, version=7), VERSION), (ask(2, network="resnet18"), UNKNOWN),
                 (ask(3, sent[:-1]), MALFORMED), (ask(4, sent + b"\0"), MALFORMED),
                 (ask(4, sent), ORDER), (ask(5, b"\2" + sent[1:]), MALFORMED),
                 (ask(6, sent[:8] + struct.pack("<f", numpy.inf) + sent[12:]), MALFORMED)]
        for message, refusal in wrong:
            bad.send(message)
            reply = bad.reply()
            self.assertEqual(reply[3], refusal, reply)
            self.assertTrue(reply[4])
        good.send(ask(1, sent))
        self.check_logits(good.reply(), seen)
        answered, _, refused, malformed, _ = server.stop()
        self.assertEqual((answered, refused), (1, len(junk) + len(wrong)))
        self.assertEqual(malformed, len(junk) + 4)

    def test_what_is_too_large_ends_the_connection_alone(self):
        server, context = self.start()
        good, bad = self.board(context, server), self.board(context, server)
        bad.send(ask(1, bytes(1 << 20)))
        self.assertIsNone(bad.reply(1))
        sent, seen = drawn(6)
        good.send(ask(1, sent))
        self.check_logits(good.reply(), seen)
        self.assertEqual(server.stop()[:3], [1, 1, 0])

    def test_queue_share_and_budget(self):
        server, context = self.start("tcp://127.0.0.1:*", "--wait", "3 s", "--share", "2",
                                     "--queue", "3")
        first, second = self.board(context, server), self.board(context, server)
        sent, _ = drawn(7)
        for number in 1, 2, 3:
            first.send(ask(number, sent))
        refusal = first.reply()
        self.assertEqual((refusal[2], refusal[3]), (3, BUSY))  # more than its share
        second.send(ask(1, sent))
        time.sleep(0.05)
        second.send(ask(2, sent))
        refusal = second.reply()
        self.assertEqual((refusal[2], refusal[3]), (2, BUSY))  # the queue is full
        self.assertEqual({first.reply()[10], first.reply()[10], second.reply()[10]}, {3})
        second.send(ask(3, sent, budget=1))  # waits for others for half of that
        reply = second.reply()
        self.assertEqual(reply.get(3, NONE), NONE)
        self.assertGreater(reply[11], 400e3)
        self.assertLess(reply[11], 1e6)
        server.stop()

    def test_clients_that_vanish(self):
        """Their answers go nowhere; the others' come."""
        server, context = self.start("tcp://127.0.0.1:*", "--clients", "3")
        sent, seen = drawn(8)
        for _ in range(20):
            board = Board(context, server.uri)
            board.send(ask(1))
            self.assertEqual(board.reply()[2], 1)
            board.send(ask(2, sent))
            board.close()
        time.sleep(0.1)
        board = self.board(context, server)
        board.send(ask(1, sent))
        self.check_logits(board.reply(), seen)
        server.stop()

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as place:
            server, context = self.start(f"ipc://{place}/cloud")
            board = self.board(context, server)
            sent, seen = drawn(9)
            board.send(ask(1, sent))
            self.check_logits(board.reply(), seen)
            server.stop()

    def make_keys(self, place, name):
        """A file with a pair of keys, made by the command, and its public half."""
        path = Path(place) / name
        done = subprocess.run([TANDEM, "hil", "keys", path], capture_output=True, text=True,
                              check=True, timeout=60)
        return path, done.stdout.strip()

    def guarded(self, place):
        """A server with keys that knows one board; its and the board's files."""
        server_file, _ = self.make_keys(place, "server")
        board_file, public = self.make_keys(place, "board")
        known = Path(place) / "known"
        known.write_text(f"# who may come\n\n  {public} xavier in the hall\n", encoding="ascii")
        server, context = self.start("tcp://127.0.0.1:*", "--key", str(server_file), "--known",
                                     str(known))
        return server, context, server_file, board_file

    def test_keys(self):
        """Who is known is served; strangers, and who has no key or the wrong server's, get nothing."""
        with tempfile.TemporaryDirectory() as place:
            server, context, server_file, board_file = self.guarded(place)
            stranger_file, _ = self.make_keys(place, "stranger")
            sent, seen = drawn(11)

            def knock(own, trusted):
                board = self.board(context)
                if own:
                    text = {file: dict(line.split() for line in file.read_text().splitlines()[1:])
                            for file in (own, trusted)}
                    board.socket.curve_publickey = text[own]["public"].encode()
                    board.socket.curve_secretkey = text[own]["secret"].encode()
                    board.socket.curve_serverkey = text[trusted]["public"].encode()
                board.socket.connect(server.uri)
                board.send(ask(1, sent))
                return board

            self.assertIsNone(knock(None, None).reply(0.5))
            self.assertIsNone(knock(stranger_file, server_file).reply(0.5))
            self.assertIsNone(knock(board_file, stranger_file).reply(0.5))
            self.check_logits(knock(board_file, server_file).reply(), seen)
            *counts, strangers = server.stop()
            self.assertEqual(counts, [1, 1, 0, 0])
            self.assertGreaterEqual(strangers, 1)

    def test_the_command_has_keys_too(self):
        with tempfile.TemporaryDirectory() as place:
            server, _, server_file, board_file = self.guarded(place)
            command = [TANDEM, "dnn", "measure", "digits", "--data", str(DATA), "--count", "3",
                       "--cloud", server.uri]
            if not (DATA / "test-images.idx").exists():
                self.skipTest("no build/digits; './bootstrap inference' makes it")
            keys = ["--key", str(board_file), "--server-key", f"{server_file}.pub"]
            done = subprocess.run([*command, *keys], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = subprocess.run([*command, *keys[:2]], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("go together", done.stderr)
            server.stop()

    def test_options_that_are_wrong(self):
        for options, part in [((), "it takes --dnn"), (("--dnn", "digits", "--batch", "0"), "1 to 1024"),
                              (("--dnn", "didgits"), "did you mean 'digits'"),
                              (("--dnn", "resnet18"), "remote.onnx"),
                              (("--dnn", "digits", "--bind", "tcp://*:1"), "from outside"),
                              (("--dnn", "digits", "--wait", "5 m"), "did you mean 'ms'")]:
            done = subprocess.run([CLOUD, *options], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(part, done.stderr)


if __name__ == "__main__":
    unittest.main()
