# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent's client without ZeroMQ and protobuf: their bytes are written here by hand (ZMTP 3.0, RFC 23)."""

import socket
import struct

# Fields of hil/wire/wire.proto's Request, and of its Reply.
HELLO, TAKE, RENEW, RELEASE, SET, LOOK, RUN, REST, READ = range(3, 12)
WELCOME, REPORT, SEGMENT, READINGS, RELEASED = range(5, 10)
(NONE, MALFORMED, VERSION, ORDER, HELD, NOT_YOURS, BUSY, FAILED, STALE) = range(9)


# ---- protobuf ----------------------------------------------------------------------------------

def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def whole(number, value):
    return varint(number << 3) + varint(value)


def double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def request(session, number, order=RENEW, content=b"", version=1):
    who = whole(13, session) if session else b""
    return whole(1, version) + whole(2, number) + field(order, content) + who


def hello(number=1, version=1):
    return request(0, number, HELLO, version=version)


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """The first of each number; doubles as they are."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack("<d", data[at:at + 8])[0], at + 8
        else:
            assert key & 7 == 2, key
            length, at = read_varint(data, at)
            value, at = data[at:at + length], at + length
        found.setdefault(key >> 3, value)
    return found


class Reply:
    def __init__(self, data):
        found = fields(data)
        self.number, self.refusal = found.get(2, 0), found.get(3, NONE)
        self.reason = found.get(4, b"").decode()
        self.found = found
        self.session = fields(found[WELCOME])[12] if WELCOME in found else 0

    def __repr__(self):
        return f"{self.number}: {self.refusal} {self.reason}"


# ---- ZeroMQ ------------------------------------------------------------------------------------

class Raw:
    """A DEALER at tcp://HOST:PORT."""

    def __init__(self, uri):
        host, port = uri[len("tcp://"):].rsplit(":", 1)
        self.socket = socket.socket()
        self.socket.settimeout(20)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
        self.receive(64)
        kind = b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        ready = b"\x05READY" + kind
        self.socket.sendall(b"\x04" + bytes([len(ready)]) + ready)
        self.frame()

    def receive(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def frame(self):
        flags = self.receive(1)[0]
        size = struct.unpack(">Q", self.receive(8))[0] if flags & 2 else self.receive(1)[0]
        return flags, self.receive(size)

    def send(self, *frames):
        for index, content in enumerate(frames):
            more = index + 1 < len(frames)
            self.socket.sendall(bytes([more | 2]) + struct.pack(">Q", len(content)) + content)

    def reply(self):
        while True:
            flags, content = self.frame()
            if not flags & 4:  # no command, such as PING
                return Reply(content)

    def call(self, *frames):
        self.send(*frames)
        return self.reply()

    def is_closed(self):
        try:
            self.frame()
        except (ConnectionError, TimeoutError):
            return True
        return False

    def close(self):
        self.socket.close()

    def __del__(self):
        self.close()
