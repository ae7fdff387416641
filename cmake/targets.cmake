# SPDX-License-Identifier: GPL-3.0-or-later
# libtandem and the command `tandem`. A new file in a room is compiled at the next build.

file(GLOB library_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
    sim/core/*.c sim/trace/*.c sim/model/*.c sim/engine/*.c sim/env/*.c hil/board/*.c hil/inference/*.c)
file(GLOB_RECURSE policy_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" policies/*.c)
file(GLOB command_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" sim/cli/*.c sim/cli/report/*.c)

# What all targets know; the folders are where `tandem` looks for platforms and traces.
target_include_directories(tandem_flags INTERFACE "${PROJECT_SOURCE_DIR}/sim" "${PROJECT_SOURCE_DIR}")
target_compile_definitions(tandem_flags INTERFACE
    TANDEM_VERSION="${PROJECT_VERSION}"
    TANDEM_DATADIR="${CMAKE_INSTALL_FULL_DATADIR}/tandem"
    TANDEM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

# Compiled once, linked twice: shared with only tandem.h's functions visible, for those who install
# it; static with everything, for the command, the tests and the benchmarks.
add_library(tandem_objects OBJECT ${library_sources} ${policy_sources})
set_target_properties(tandem_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden)
target_compile_options(tandem_objects PRIVATE ${TANDEM_LTO_COMPILE})
# Square roots of many numbers at once: nobody asks errno about them.
set_source_files_properties(policies/learn/adam.c PROPERTIES COMPILE_OPTIONS -fno-math-errno)
target_link_libraries(tandem_objects PRIVATE tandem_flags ${TANDEM_LIBRARIES})

add_library(tandem_shared SHARED $<TARGET_OBJECTS:tandem_objects>)
add_library(Tandem::tandem ALIAS tandem_shared)
set_target_properties(tandem_shared PROPERTIES
    OUTPUT_NAME tandem
    EXPORT_NAME tandem
    LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    PUBLIC_HEADER sim/tandem.h)
target_include_directories(tandem_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(tandem_shared PRIVATE $<BUILD_INTERFACE:tandem_flags> ${TANDEM_LIBRARIES})
target_link_options(tandem_shared PRIVATE ${TANDEM_LTO_LINK})
if(NOT TANDEM_SANITIZE AND NOT TANDEM_FUZZ)
    target_link_options(tandem_shared PRIVATE -Wl,-z,defs)
endif()

add_library(tandem_static STATIC $<TARGET_OBJECTS:tandem_objects>)
set_target_properties(tandem_static PROPERTIES OUTPUT_NAME tandem-internal LINKER_LANGUAGE C)
target_link_libraries(tandem_static PUBLIC tandem_flags ${TANDEM_LIBRARIES})

add_executable(tandem ${command_sources})
target_compile_options(tandem PRIVATE ${TANDEM_LTO_COMPILE})
target_link_libraries(tandem PRIVATE tandem_static)
target_link_options(tandem PRIVATE ${TANDEM_LTO_LINK})
