# SPDX-License-Identifier: GPL-3.0-or-later
# A toolchain for boards, on Debian with the foreign architecture arm64 (`./bootstrap cross`):
# cmake -DCMAKE_TOOLCHAIN_FILE=aarch64.cmake PATH/hil
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
