# SPDX-License-Identifier: GPL-3.0-or-later
"""libtandem, as its own header declares it.

The library is looked for in this order:

1. the file that the environment variable `TANDEM_LIBRARY` names
2. beside this file, where pip puts a copy of a built one
3. `build/release` of the source checkout that this file lies in
4. where the system keeps libraries, and where pkg-config knows of one

Declarations come from the `tandem.h` that belongs to the library: nothing of it is written again
here, so structures cannot differ.
"""

import os
import re
import subprocess
import weakref
from pathlib import Path

import cffi

from tandem import __version__

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
SONAME = "libtandem.so." + ".".join(__version__.split(".")[:2])


class Error(Exception):
    """What libtandem says went wrong; `file`, `line` and `column` say where, if they are known."""

    def __init__(self, text, file="", line=0, column=0):
        super().__init__(text)
        self.file, self.line, self.column = file, line, column


# ---- finding it ---------------------------------------------------------------------------------


def _installed_folder():
    """Where pkg-config says that libtandem lies; None where there is none, or it knows none."""
    try:
        answer = subprocess.run(["pkg-config", "--variable=libdir", "tandem"], capture_output=True,
                                text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(answer) if answer else None


def _candidates():
    """Libraries that may be there, the best first, each with its header."""
    named = os.environ.get("TANDEM_LIBRARY")
    if named:
        return [(named, _header_beside(Path(named).resolve()))]
    found = [(HERE / "libtandem.so", HERE / "tandem.h"),
             (CHECKOUT / "build" / "release" / "libtandem.so", CHECKOUT / "sim" / "tandem.h")]
    found = [(library, header) for library, header in found
             if library.is_file() and header.is_file()]
    if not found:
        found.append((SONAME, None))
        folder = _installed_folder()
        if folder:
            found.append((folder / SONAME, _header_beside(folder / SONAME)))
    return found


def _header_beside(library):
    """The header of a build folder's library, or of one that was installed; None: neither."""
    for folder in list(library.parents)[:4]:
        for header in (folder / "sim" / "tandem.h", folder / "include" / "tandem.h"):
            if header.is_file():
                return header
    return None


def _own_header():
    """The header that this package was made with."""
    for header in (HERE / "tandem.h", CHECKOUT / "sim" / "tandem.h"):
        if header.is_file():
            return header
    raise ImportError("this installation of the package lacks tandem.h: install it again, by "
                      "pip install sim/python in a checkout of Tandem")


def _declarations(header):
    """What cffi understands of a header: no preprocessor, no C++."""
    text = header.read_text(encoding="utf-8")
    text = re.sub(r"^#ifdef __cplusplus$.*?^#endif$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


# ---- opening it ---------------------------------------------------------------------------------

_HINT = ("build it by ./bootstrap build in a checkout of Tandem and install the package again "
         "(pip install sim/python), or let TANDEM_LIBRARY name libtandem.so")


def _open():
    tried = []
    for library, header in _candidates():
        ffi_of_it = cffi.FFI()
        ffi_of_it.cdef(_declarations(header or _own_header()))
        try:
            return ffi_of_it, ffi_of_it.dlopen(str(library)), str(library)
        except OSError as error:
            tried.append(str(error))
    raise ImportError("cannot load libtandem; " + _HINT + "\n  " + "\n  ".join(tried))


def _check_version():
    try:
        version = ffi.string(lib.tdm_version()).decode()
    except AttributeError:
        raise ImportError(f"{library_path} is not libtandem; {_HINT}") from None
    if version != __version__:
        raise ImportError(f"{library_path} is of version {version}, and this package of "
                          f"{__version__}; {_HINT}")
    if not hasattr(lib, "tdm_vec_open"):
        raise ImportError(f"{library_path} is older than this package; {_HINT}")


ffi, lib, library_path = _open()
_check_version()


# ---- using it -----------------------------------------------------------------------------------


def failure(error):
    """The exception that a filled `struct tdm_error` means."""
    text = ffi.new("char[1024]")
    lib.tdm_error_format(error, text, len(text))
    return Error(ffi.string(text).decode(errors="replace"),
                 ffi.string(error.file).decode(errors="replace"), error.line, error.column)


def _encoded(text, what):
    """A text of somebody's for C."""
    if not isinstance(text, str):
        raise TypeError(f"{what}, not {text!r}")
    if "\0" in text:
        raise ValueError(f"{text!r} holds a null character")
    return text.encode()


def _free(process, free, thing, scenario):
    """Frees both, unless this is a fork's copy of them: SimGrid's processes are the parent's."""
    if os.getpid() == process:
        free(thing)
        lib.tdm_scenario_free(scenario)


class Handle:
    """Something of libtandem's over a scenario of its own, which goes when this goes."""

    def __init__(self, scenario, engine, open_it, free):
        """`open_it` takes the engine's URI, the scenario and an error, and answers the thing."""
        error = ffi.new("struct tdm_error *")
        if isinstance(scenario, os.PathLike):
            scenario = os.path.abspath(scenario)
        uri = ffi.NULL if engine is None else _encoded(engine, 'an engine is "analytic:" or so')
        loaded = lib.tdm_scenario_load(_encoded(scenario, "a scenario is a name or a path"), error)
        if loaded == ffi.NULL:
            raise failure(error)
        self.thing = open_it(uri, loaded, error)
        if self.thing == ffi.NULL:
            lib.tdm_scenario_free(loaded)
            raise failure(error)
        self._free = weakref.finalize(self, _free, os.getpid(), free, self.thing, loaded)

    @property
    def closed(self):
        """True once close was called."""
        return not self._free.alive

    def close(self):
        """Frees it; once more is fine."""
        self._free()
        self.thing = None
