# SPDX-License-Identifier: GPL-3.0-or-later
# The virtual board: a library for its tests, and the program.

file(GLOB vboard_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" hil/vboard/*.c)
list(REMOVE_ITEM vboard_sources hil/vboard/main.c hil/vboard/fuse.c)
add_library(tandem_vboard STATIC EXCLUDE_FROM_ALL ${vboard_sources})
target_link_libraries(tandem_vboard PUBLIC tandem_static)

add_executable(tandem-vboard hil/vboard/main.c)
target_link_libraries(tandem-vboard PRIVATE tandem_vboard)
if(FUSE_FOUND)
    target_sources(tandem-vboard PRIVATE hil/vboard/fuse.c)
    target_compile_definitions(tandem-vboard PRIVATE TANDEM_FUSE)
    target_link_libraries(tandem-vboard PRIVATE PkgConfig::FUSE)
else()
    message(STATUS "No libfuse 3.12 or newer: tandem-vboard will know plain folders only")
endif()
target_link_options(tandem-vboard PRIVATE ${TANDEM_NO_LTO_LINK})
