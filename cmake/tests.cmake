# SPDX-License-Identifier: GPL-3.0-or-later
# Tests by label: unit (cmocka and Python programs), cases (commands and their expected output),
# fuzz (the corpora once more), arch (who includes whom), install (a project that uses Tandem).
# Exit code 77 means skipped, as in Automake.

# Python loads the library itself; of one with sanitizers, their runtime has to be there before.
set(preload "")
if(TANDEM_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-file-name=libasan.so
                    OUTPUT_VARIABLE preload OUTPUT_STRIP_TRAILING_WHITESPACE)
elseif(TANDEM_SANITIZE OR TANDEM_FUZZ)
    set(preload none)
endif()

set(test_environment
    "TANDEM_BIN=$<TARGET_FILE:tandem>"
    "TANDEM_VBOARD=$<TARGET_FILE:tandem-vboard>"
    "TANDEM_GUARDIAN=$<TARGET_FILE:tandem-guardian>"
    "TANDEM_SOURCE=${PROJECT_SOURCE_DIR}"
    "TANDEM_LIBRARY=$<TARGET_FILE:tandem_shared>"
    "TANDEM_VENV=${PROJECT_SOURCE_DIR}/build/venv"
    "TANDEM_PRELOAD=${preload}"
    "TANDEM_PLAN_OUTCOMES=$<TARGET_FILE:plan_outcomes>"
    "TANDEM_HOLD_BOARD=$<TARGET_FILE:hold_board>"
    "TANDEM_RUN_MODEL=$<TARGET_FILE:run_model>"
    "TANDEM_WATCH_RUN=$<TARGET_FILE:watch_run>"
    "TANDEM_SIMGRID_PROGRAM=$<TARGET_FILE:simgrid_program>"
    "PYTHONPATH=${PROJECT_SOURCE_DIR}/sim/python"
    "PYTHONDONTWRITEBYTECODE=1"
    "LC_ALL=C.UTF-8"
    "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1"
    "UBSAN_OPTIONS=print_stacktrace=1")

if(TANDEM_LINK)
    list(APPEND test_environment "TANDEM_AGENT=$<TARGET_FILE:tandem-agent>"
         "TANDEM_DRIVE_AGENT=$<TARGET_FILE:drive_agent>"
         "TANDEM_SERVICE=${PROJECT_BINARY_DIR}/tandem-agent.service")
endif()
if(TANDEM_CLOUD)
    list(APPEND test_environment "TANDEM_CLOUD=$<TARGET_FILE:tandem-cloud>")
endif()

# .ci/nightly has tests do more, which takes longer; ctest's own --timeout gives way to these.
set(TANDEM_LONGEST_TEST 600 CACHE STRING "seconds that a test may take")

function(tandem_test_properties label timeout)
    set_tests_properties(${ARGN} PROPERTIES
        LABELS "${label}" TIMEOUT ${timeout} SKIP_RETURN_CODE 77 ENVIRONMENT "${test_environment}")
endfunction()

# --- unit: tests/unit/ROOM/test_FILE.c becomes the program test_ROOM_FILE and the test unit.ROOM.FILE
file(GLOB_RECURSE unit_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/tests/unit"
     tests/unit/test_*.c)
if(NOT TANDEM_LINK)
    list(FILTER unit_sources EXCLUDE REGEX "^hil/test_(cloud|wire)")
endif()
foreach(source IN LISTS unit_sources)
    string(REGEX REPLACE "(^|/)test_([^/]*)\\.c$" "\\1\\2" name "${source}")
    string(REPLACE "/" "_" target "test_${name}")
    string(REPLACE "/" "." test "unit.${name}")
    add_executable(${target} tests/unit/${source})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/unit)
    target_link_libraries(${target} PRIVATE tandem_static PkgConfig::CMOCKA)
    if(name MATCHES "^hil/vboard")
        target_link_libraries(${target} PRIVATE tandem_vboard)
    elseif(name MATCHES "^hil/cloud")
        target_link_libraries(${target} PRIVATE tandem_cloud)
    elseif(name MATCHES "^hil/wire")
        target_link_libraries(${target} PRIVATE tandem_link)
    endif()
    target_link_options(${target} PRIVATE ${TANDEM_NO_LTO_LINK})
    add_test(NAME ${test} COMMAND ${target})
    tandem_test_properties(unit 300 ${test})
endforeach()

# It counts what is asked of the heap.
target_link_options(test_env_allocations PRIVATE
    "LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc")

# What check_closed_form.py and check_random.py compare their own results with.
foreach(target plan_outcomes watch_run)
    add_executable(${target} tests/unit/engine/${target}.c)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/unit)
    target_link_libraries(${target} PRIVATE tandem_static)
    target_link_options(${target} PRIVATE ${TANDEM_NO_LTO_LINK})
endforeach()

# What check_guardian.py kills, and check_inference.py asks.
foreach(target hold_board run_model)
    add_executable(${target} tests/unit/hil/${target}.c)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/unit)
    target_link_libraries(${target} PRIVATE tandem_static)
    target_link_options(${target} PRIVATE ${TANDEM_NO_LTO_LINK})
endforeach()

# The host that check_agent_kill.py kills.
if(TANDEM_LINK)
    add_executable(drive_agent tests/unit/hil/drive_agent.c)
    set_target_properties(drive_agent PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/unit)
    target_link_libraries(drive_agent PRIVATE tandem_link)
    target_link_options(drive_agent PRIVATE ${TANDEM_NO_LTO_LINK})
endif()

# A SimGrid program of somebody else's, for test_export.py.
add_executable(simgrid_program tests/unit/engine/simgrid_program.c)
set_target_properties(simgrid_program PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/unit)
target_link_libraries(simgrid_program PRIVATE PkgConfig::SIMGRID)

file(GLOB_RECURSE unit_scripts CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/tests/unit"
     tests/unit/test_*.py tests/unit/check_*.py)
foreach(source IN LISTS unit_scripts)
    string(REGEX REPLACE "\\.py$" "" name "${source}")
    string(REPLACE "/" "." test "unit.${name}")
    add_test(NAME ${test} COMMAND "${TANDEM_PYTHON}" "${PROJECT_SOURCE_DIR}/tests/unit/${source}")
    tandem_test_properties("unit;python" ${TANDEM_LONGEST_TEST} ${test})
endforeach()

# --- cases
file(GLOB_RECURSE cases CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/tests/cases"
     tests/cases/*.case)
foreach(case IN LISTS cases)
    string(REGEX REPLACE "\\.case$" "" name "${case}")
    string(REPLACE "/" "." test "case.${name}")
    add_test(NAME ${test} COMMAND "${TANDEM_PYTHON}" "${PROJECT_SOURCE_DIR}/tests/cases/run.py"
             --bin $<TARGET_FILE:tandem> "${PROJECT_SOURCE_DIR}/tests/cases/${case}")
    tandem_test_properties(cases 300 ${test})
endforeach()
add_test(NAME cases.selftest
         COMMAND "${TANDEM_PYTHON}" "${PROJECT_SOURCE_DIR}/tests/cases/selftest.py")
tandem_test_properties(cases 60 cases.selftest)

# --- fuzz: without Clang's fuzzer the same functions read their corpus once
file(GLOB fuzz_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" tests/fuzz/fuzz_*.c)
if(NOT TANDEM_LINK)
    list(FILTER fuzz_sources EXCLUDE REGEX "fuzz_(cloud|wire)")
endif()
add_custom_target(fuzzers)
foreach(source IN LISTS fuzz_sources)
    get_filename_component(target ${source} NAME_WE)
    string(REPLACE "fuzz_" "" name ${target})
    set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    add_executable(${target} ${source})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/fuzz)
    add_dependencies(fuzzers ${target})
    target_link_libraries(${target} PRIVATE tandem_static)
    if(name STREQUAL "vboard")
        target_link_libraries(${target} PRIVATE tandem_vboard)
    elseif(name MATCHES "^cloud")
        target_link_libraries(${target} PRIVATE tandem_cloud)
    elseif(name MATCHES "^wire")
        target_link_libraries(${target} PRIVATE tandem_link)
    endif()
    # libFuzzer's own prototypes are in no header of C; asserts are what a fuzzer is for.
    set_source_files_properties(${source} PROPERTIES
        COMPILE_OPTIONS "-UNDEBUG;-Wno-missing-prototypes")
    target_link_options(${target} PRIVATE ${TANDEM_NO_LTO_LINK})
    if(TANDEM_FUZZ)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        add_test(NAME fuzz.${name} COMMAND ${target} -runs=0 "${corpus}")
    else()
        target_sources(${target} PRIVATE tests/fuzz/replay.c)
        add_test(NAME fuzz.${name} COMMAND ${target} "${corpus}")
    endif()
    tandem_test_properties(fuzz 300 fuzz.${name})
endforeach()

# --- arch
foreach(script check selftest)
    add_test(NAME arch.${script} COMMAND "${TANDEM_PYTHON}"
             "${PROJECT_SOURCE_DIR}/tests/architecture/${script}.py")
    tandem_test_properties(arch 120 arch.${script})
endforeach()
set_property(TEST arch.check APPEND PROPERTY ENVIRONMENT "CC=${CMAKE_C_COMPILER}")

# --- install: sanitizers would have to be linked by the user's project, too
if(NOT TANDEM_SANITIZE AND NOT TANDEM_FUZZ)
    add_test(NAME install.consumer COMMAND "${PROJECT_SOURCE_DIR}/tests/consumer/run.sh"
             "${CMAKE_COMMAND}" "${CMAKE_GENERATOR}" "${PROJECT_BINARY_DIR}" "${CMAKE_C_COMPILER}")
    tandem_test_properties(install 300 install.consumer)
endif()
