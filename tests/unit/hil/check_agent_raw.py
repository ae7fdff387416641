#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem-agent against messages that are written by hand: what is malformed, too large, replayed, out of order
or stale is refused and told, and nobody who has the board is hurt. Nothing that takes long holds others up."""

import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

if "TANDEM_AGENT" not in os.environ:
    print("skipped: there is no tandem-agent")
    sys.exit(77)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import VARIANTS, PlainBoard  # noqa: E402
from raw_agent import (FAILED, HELD, LOOK, MALFORMED, NONE, NOT_YOURS, ORDER, READ, RELEASE,  # noqa: E402
                       RELEASED, RENEW, REST, RUN, SEGMENT, SET, STALE, TAKE, VERSION, Raw,
                       double, field, hello, request, whole)
from vboards import Board  # noqa: E402

LONGEST = 20  # s


class Agent:
    """An agent on a board of files, or on a virtual board. A context."""

    def __init__(self, *options, virtual=False, guardian=None):
        self.options, self.virtual = options, virtual
        self.guardian = guardian or os.environ["TANDEM_GUARDIAN"]

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="raw-")
        if self.virtual:
            self.board = Board("nano", 4, folder=True)
            self.board.__enter__()
            root = self.board.place
        else:
            self.plain = PlainBoard(*VARIANTS[0], f"{self.place.name}/board").lay()
            root = self.plain.folder
        self.root = root
        self.start()
        return self

    def start(self, uri="tcp://127.0.0.1:*"):
        self.log = f"{self.place.name}/log"
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = self.run(uri, log)
        line = self.process.stdout.readline().split()
        assert line[:1] == ["ready"], self.said()
        self.uri = line[1]

    def run(self, uri, log):
        return subprocess.Popen(
            [os.environ["TANDEM_AGENT"], "--root", self.root, "--listen", uri, "--state",
             f"{self.place.name}/state", "--guardian", self.guardian, "--executor",
             "vboard" if self.virtual else "emulated", *self.options],
            stdout=subprocess.PIPE, stderr=log, text=True)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(LONGEST)
        self.process.stdout.close()
        return code

    def __exit__(self, *_):
        code = self.end()
        said = self.said()
        if self.virtual:
            self.board.__exit__(None)
        self.place.cleanup()
        assert code == 0, said

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()


class Host:
    """A raw client with a session."""

    def __init__(self, agent):
        self.agent, self.number = agent, 1
        self.raw = Raw(agent.uri)
        welcome = self.raw.call(hello())
        assert welcome.refusal == NONE and welcome.session, welcome
        self.session = welcome.session

    def send(self, order, content=b""):
        self.number += 1
        self.raw.send(request(self.session, self.number, order, content))

    def ask(self, order, content=b""):
        self.send(order, content)
        return self.raw.reply()

    def take(self, lease=20.0):
        return self.ask(TAKE, double(1, lease) + field(2, b"raw"))

    def work(self, seconds, most=0.0):
        return self.ask(RUN, double(7, seconds) + double(8, most))


class Messages(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.__enter__()
        self.addCleanup(self.agent.__exit__, None)
        self.host = Host(self.agent)
        self.assertEqual(self.host.take().refusal, NONE)
        self.other = Raw(self.agent.uri)
        self.addCleanup(self.other.close)

    def holds(self):
        """The host that had the board has it still."""
        self.assertEqual(self.host.ask(RENEW).refusal, NONE)
        self.assertEqual(self.host.ask(LOOK).refusal, NONE)

    def test_garbage(self):
        session = self.other.call(hello()).session
        for number, garbage in enumerate((b"", b"\xff", b"\x08", os.urandom(300), b"\x0a\xff\xff\xff\xff\x0f",
                                          request(0, 0), request(session, 0), request(0, 5, RENEW),
                                          request(session, 6) + whole(15, 1),
                                          request(session, 7, RENEW, whole(99, 1)),
                                          request(session, 8, TAKE, double(1, float("nan"))),
                                          request(session, 9, TAKE, double(1, 1) + field(2, b"\xc2\x9b2J")),
                                          request(session, 9, TAKE, double(1, 1) + field(2, b"x" * 64)),
                                          request(session, 10, RUN, field(1, b"digits") + double(6, 2)),
                                          request(session, 11, RUN, double(7, 1) + double(8, -1)),
                                          request(session, 12, REST, double(1, float("inf"))),
                                          request(session, 13, SET))):
            with self.subTest(number=number):
                self.assertIn(self.other.call(garbage).refusal, (MALFORMED, VERSION))
        self.assertEqual(self.other.call(hello(version=2)).refusal, VERSION)
        self.assertEqual(self.other.call(request(session, 20), request(session, 21)).refusal, VERSION)
        self.holds()
        self.assertIn("refused a message", self.agent.said())

    def test_too_large(self):
        for size in (4097, 1 << 20):
            large = Raw(self.agent.uri)
            try:
                large.send(bytes(size))
                self.assertTrue(large.is_closed(), size)
            except ConnectionError:
                pass
            large.close()
        # A frame that promises more than it ever sends.
        endless = Raw(self.agent.uri)
        endless.socket.sendall(b"\x02" + struct.pack(">Q", 1 << 62))
        self.assertTrue(endless.is_closed())
        endless.close()
        self.holds()

    def test_replayed_out_of_order_and_stale(self):
        session = self.other.call(hello()).session
        release = request(session, 5, RELEASE)
        self.assertEqual(self.other.call(release).refusal, HELD)
        self.assertEqual(self.other.call(release).refusal, ORDER)
        again = Raw(self.agent.uri)  # over another connection, too
        self.assertEqual(again.call(release).refusal, ORDER)
        self.assertEqual(again.call(request(session, 4, RELEASE)).refusal, ORDER)
        self.assertEqual(again.call(request(session ^ 1, 6, RELEASE)).refusal, STALE)
        # What the host itself has sent, by somebody who has heard it.
        for number in range(1, self.host.number + 1):
            self.assertEqual(again.call(request(self.host.session, number, RELEASE)).refusal, ORDER)
        again.close()
        for _ in range(200):  # more hosts than it remembers; its controller it does
            flood = Raw(self.agent.uri)
            self.assertEqual(flood.call(hello()).refusal, NONE)
            flood.close()
        self.assertEqual(self.other.call(request(session, 30, RENEW)).refusal, STALE)
        self.holds()

    def test_another_connection_of_the_same_session(self):
        """As after a network that was away: the lease goes on."""
        self.host.raw.close()
        self.host.raw = Raw(self.agent.uri)
        self.holds()
        self.assertEqual(self.host.ask(RELEASE).refusal, NONE)

    def test_an_agent_that_was_started_anew(self):
        before = self.agent.plain.knobs()
        self.agent.end(signal.SIGKILL)
        self.agent.start()
        self.assertEqual(self.agent.plain.knobs(), before)
        raw = Raw(self.agent.uri)
        self.assertEqual(raw.call(request(self.host.session, 50, RENEW)).refusal, STALE)
        raw.close()

    def test_one_controller(self):
        other = Host(self.agent)
        for order, content in ((TAKE, double(1, 1)), (RELEASE, b""), (RENEW, b""), (RUN, double(7, 1)),
                               (LOOK, b"")):
            self.assertEqual(other.ask(order, content).refusal, HELD)
        self.assertEqual(other.ask(READ).refusal, NONE)
        self.holds()
        released = self.host.ask(RELEASE)
        self.assertEqual(released.refusal, NONE)
        self.assertIn(RELEASED, released.found)
        self.assertEqual(self.host.ask(RENEW).refusal, NOT_YOURS)
        self.assertEqual(other.take().refusal, NONE)

    def test_the_log_is_not_flooded(self):
        begin = time.monotonic()
        for _ in range(500):
            self.other.send(b"\xff")
        for _ in range(500):
            self.assertEqual(self.other.reply().refusal, MALFORMED)
        time.sleep(1.1)
        self.other.call(b"\xff")
        took = time.monotonic() - begin
        lines = self.agent.said().splitlines()
        told = sum("refused a message" in line for line in lines)
        left = sum(int(line.split()[2]) for line in lines if "more messages were refused" in line)
        self.assertEqual(told + left, 501, lines)
        self.assertLessEqual(told, 5 * (took + 2))


class Slow(unittest.TestCase):
    """A guardian that takes its time: the agent serves others meanwhile."""

    def test_taking_and_releasing_hold_nobody_up(self):
        with tempfile.TemporaryDirectory() as place:
            slow = f"{place}/guardian"
            with open(slow, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\nsleep 1.5\nexec {os.environ['TANDEM_GUARDIAN']} \"$@\"\n")
            os.chmod(slow, 0o755)
            with Agent(guardian=slow) as agent:
                host, other = Host(agent), Host(agent)
                begin = time.monotonic()
                host.send(TAKE, double(1, 20) + field(2, b"raw"))
                time.sleep(0.1)
                answers = [other.ask(READ).refusal, other.ask(RENEW).refusal, other.take().refusal]
                served = time.monotonic() - begin
                self.assertEqual(answers, [NONE, HELD, HELD])
                self.assertEqual(host.raw.reply().refusal, NONE)
                took = time.monotonic() - begin
                self.assertGreater(took, 1.4)
                self.assertLess(served, took / 2)
                # Who wants the board while it is being put back has it then, and who comes later has not.
                host.send(RELEASE)
                other.send(TAKE, double(1, 20))
                self.assertEqual(Host(agent).take().refusal, HELD)
                self.assertIn(RELEASED, host.raw.reply().found)
                self.assertEqual(other.raw.reply().refusal, NONE)
                self.assertEqual(other.ask(RENEW).refusal, NONE)


class Work(unittest.TestCase):
    """Work that is not wanted any more is given up, whoever does it."""

    def run_on(self, virtual):
        with Agent(virtual=virtual) as agent:
            host, other = Host(agent), Host(agent)
            self.assertEqual(host.take().refusal, NONE)
            begin = time.monotonic()
            given_up = host.work(30, most=0.3)
            self.assertEqual((given_up.refusal, given_up.reason), (FAILED, "it was given up"))
            self.assertLess(time.monotonic() - begin, 5)
            self.assertIn(SEGMENT, host.work(0.05).found)
            # The host is silent while its work runs: the board is put back, and free for others.
            self.assertEqual(host.ask(RELEASE).refusal, NONE)
            self.assertEqual(host.take(0.5).refusal, NONE)
            host.send(RUN, double(7, 30))
            begin = time.monotonic()
            while (answer := other.take()).refusal == HELD:
                self.assertLess(time.monotonic() - begin, LONGEST)
                time.sleep(0.05)
            self.assertEqual(answer.refusal, NONE)
            self.assertGreater(time.monotonic() - begin, 0.3)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertEqual(host.raw.reply().refusal, FAILED)
            self.assertIn(SEGMENT, other.work(0.05).found)
            # Who releases the board does not wait for a rest, either.
            other.send(REST, double(1, 30))
            time.sleep(0.2)
            begin = time.monotonic()
            other.send(RELEASE)
            other.raw.reply()
            other.raw.reply()
            self.assertLess(time.monotonic() - begin, 5)

    def test_emulated(self):
        self.run_on(False)

    def test_on_a_virtual_board(self):
        self.run_on(True)


if __name__ == "__main__":
    unittest.main()
