# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts virtual boards for tests, on FUSE or as a plain folder, and reads and writes their files."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAM = os.environ["TANDEM_VBOARD"]
SETTLED = 0.04  # s: the slowest clock settles within 8 ms


def fuse_is_missing():
    """Why no file system can be mounted here, or None."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "there is no /dev/fuse that may be used"
    if not shutil.which("fusermount3") and os.geteuid() != 0:
        return "there is no fusermount3"
    with open(PROGRAM, "rb") as program:
        if b"built without libfuse" in program.read():
            return "tandem-vboard was built without libfuse"
    return None


class Board:
    def __init__(self, board, jetpack, *options, folder=False, place=None):
        self.folder = folder
        self.own = place is None
        self.place = place or tempfile.mkdtemp(prefix="vboard-")
        self.arguments = [PROGRAM, "--board", board, "--jetpack", str(jetpack), *options,
                          *(["--folder"] if folder else []), self.place]
        self.works = []

    def __enter__(self):
        # Without a standard error of its own, what a sanitizer says goes to the test's.
        spared = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libfuse.supp")
        environment = {**os.environ, "LSAN_OPTIONS": f"suppressions={spared}:print_suppressions=0"}
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True,
                                        env=environment)
        line = self.process.stdout.readline()
        assert line == f"ready {self.place}\n", f"{self.arguments}: {line!r}"
        return self

    def __exit__(self, *what):
        code = self.stop(signal.SIGTERM)
        if what[0] is None:
            assert code == 0, f"{self.arguments} ended with {code}"

    def stop(self, how):
        for work in self.works:
            work.close()
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        if self.own:
            shutil.rmtree(self.place, ignore_errors=True)
        return code

    def path(self, path):
        return self.place + path

    def read(self, path):
        """The text without its last newline, or the errno's name."""
        handle = None
        try:
            handle = os.open(self.path(path), os.O_RDONLY)
            text = b""
            while piece := os.read(handle, 65536):
                text += piece
            return text.decode().rstrip("\n")
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            self.close(handle)

    @staticmethod
    def close(handle):
        """Closes it, though the board may have ended meanwhile."""
        try:
            if handle is not None:
                os.close(handle)
        except OSError:
            pass

    def write(self, path, value):
        """"0", or the errno's name."""
        try:
            handle = os.open(self.path(path), os.O_WRONLY | os.O_TRUNC)
        except OSError as error:
            return errno.errorcode[error.errno]
        try:
            os.write(handle, f"{value}\n".encode())
            return "0"
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            os.close(handle)

    def trace(self):
        """The writes as (seconds, path, value, result)."""
        text = self.read("/.tandem/trace")
        return [tuple(line.split("\t")) for line in text.split("\n") if line]

    def truth(self):
        pairs = (line.split("=") for line in self.read("/.tandem/truth").split("\n") if line)
        return {key: float(value) for key, value in pairs}

    def work(self):
        work = Work(self)
        self.works.append(work)
        return work


class Work:
    """A handle for works, as hil/board/vwork.h describes it."""

    def __init__(self, board):
        self.socket = None
        if board.folder:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(board.path("/.tandem/work"))
            self.handle = self.socket.fileno()
        else:
            self.handle = os.open(board.path("/.tandem/work"), os.O_RDWR)

    def start(self, line):
        os.write(self.handle, (line + "\n").encode())

    def answer(self):
        return os.read(self.handle, 512).decode().rstrip("\n")

    def seconds(self, line):
        self.start(line)
        answer = self.answer()
        assert answer.startswith("seconds="), answer
        return float(answer[8:])

    def close(self):
        if self.handle is None:
            return
        if self.socket:
            self.socket.close()
        else:
            os.close(self.handle)
        self.handle = None


def wait_for(condition, seconds=5):
    """True as soon as `condition()` is, False if it is not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False
