# SPDX-License-Identifier: GPL-3.0-or-later
# How everything of ours is compiled. `tandem_flags` is linked (PRIVATE) by each of our targets.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_library(tandem_flags INTERFACE)

target_compile_options(tandem_flags INTERFACE
    -std=gnu11
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    # Rows of const tables may leave their last, optional fields out.
    -Wno-missing-field-initializers
    # The same bits from every compiler and processor: no multiply-add that the source does not ask for.
    -ffp-contract=off
    # Errors in GCC 14 and Clang 16, mere warnings in older ones.
    -Werror=implicit-function-declaration -Werror=int-conversion -Werror=incompatible-pointer-types)
# GNU C, and GCC is content: a variadic macro may be called without its variable arguments.
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(tandem_flags INTERFACE -Wno-gnu-zero-variadic-macro-arguments)
    if(CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 19) # says it under another name
        target_compile_options(tandem_flags INTERFACE -Wno-c23-extensions)
    endif()
endif()
if(TANDEM_WERROR)
    target_compile_options(tandem_flags INTERFACE -Werror)
endif()

set(sanitizers "${TANDEM_SANITIZE}")
if(TANDEM_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "TANDEM_FUZZ needs Clang (libFuzzer): cmake --preset fuzz")
    endif()
    target_compile_options(tandem_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(tandem_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(sanitizers)
    target_compile_options(tandem_flags INTERFACE
        -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tandem_flags INTERFACE -fsanitize=${sanitizers})
endif()

# Fat objects hold machine code beside the intermediate form: what ships is optimised across files,
# and the many test programs link the same objects in the plain, fast way.
set(TANDEM_LTO_COMPILE "")
set(TANDEM_LTO_LINK "")
set(TANDEM_NO_LTO_LINK "")
if(TANDEM_LTO AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set(TANDEM_LTO_COMPILE -flto -ffat-lto-objects)
    # One partition: small enough, and several at once would need make. Across files, GCC 12 takes
    # strnlen(name, 63) of a terminated, shorter array for a mistake.
    set(TANDEM_LTO_LINK -flto -flto-partition=one -Wno-stringop-overread)
    set(TANDEM_NO_LTO_LINK -fno-lto)
endif()
