# SPDX-License-Identifier: GPL-3.0-or-later
# `cmake --build --preset release --target bench`: one program of tests/bench/*.c, run in the build
# folder with the path of the JSON file that it is to write. Built only when asked for.

file(GLOB bench_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" tests/bench/*.c)
if(bench_sources)
    add_executable(tandem-bench EXCLUDE_FROM_ALL ${bench_sources})
    target_compile_options(tandem-bench PRIVATE ${TANDEM_LTO_COMPILE})
    target_link_libraries(tandem-bench PRIVATE tandem_static)
    if(TANDEM_LINK)
        target_link_libraries(tandem-bench PRIVATE tandem_link)
        target_compile_definitions(tandem-bench PRIVATE TANDEM_LINK)
        add_dependencies(tandem-bench tandem-agent tandem-vboard tandem-guardian)
    endif()
    target_link_options(tandem-bench PRIVATE ${TANDEM_LTO_LINK})
    # What PyTorch makes of the same training stands below, where there is PyTorch.
    set(torch_command)
    if(TANDEM_PYTHON)
        set(torch_command COMMAND "${TANDEM_PYTHON}"
            "${PROJECT_SOURCE_DIR}/tests/bench/train_torch.py" "${PROJECT_BINARY_DIR}/bench.json")
    endif()
    add_custom_target(bench
        COMMAND tandem-bench "${PROJECT_BINARY_DIR}/bench.json"
        ${torch_command}
        WORKING_DIRECTORY "${PROJECT_BINARY_DIR}"
        COMMENT "Benchmarks: table below, JSON in ${PROJECT_BINARY_DIR}/bench.json"
        USES_TERMINAL VERBATIM)
else()
    add_custom_target(bench COMMAND "${CMAKE_COMMAND}" -E echo "tests/bench holds no benchmark")
endif()

# The same from Python, in the virtual environment of `./bootstrap python`.
add_custom_target(bench-python
    COMMAND "${CMAKE_COMMAND}" -E env "TANDEM_LIBRARY=$<TARGET_FILE:tandem_shared>"
        "PYTHONPATH=${PROJECT_SOURCE_DIR}/sim/python"
        "${PROJECT_SOURCE_DIR}/build/venv/bin/python" "${PROJECT_SOURCE_DIR}/tests/bench/python_env.py"
        "${PROJECT_BINARY_DIR}/bench-python.json"
    DEPENDS tandem_shared
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}"
    COMMENT "Benchmarks of the Python package: table below, JSON in ${PROJECT_BINARY_DIR}/bench-python.json"
    USES_TERMINAL VERBATIM)
