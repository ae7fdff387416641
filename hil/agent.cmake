# SPDX-License-Identifier: GPL-3.0-or-later
# What a board gets: hil/board, hil/inference, and of the simulator what reads a board. Beside it stand Expat and
# the C library. Included by the whole project and by hil/CMakeLists.txt, which builds no more.

set(agent_root "${CMAKE_CURRENT_LIST_DIR}/..")
set(agent_stems
    core/error core/units core/text core/arena core/xml core/schema core/schema_help core/table
    core/partial core/extremes
    model/source model/fit model/latency model/power model/library model/board)

file(GLOB agent_sources CONFIGURE_DEPENDS "${agent_root}/hil/board/*.c")
# Real inference; ONNX Runtime itself is loaded when the program runs.
file(GLOB inference_sources CONFIGURE_DEPENDS "${agent_root}/hil/inference/*.c")
foreach(stem IN LISTS agent_stems)
    if(EXISTS "${agent_root}/sim/${stem}.c")
        list(APPEND agent_sources "${agent_root}/sim/${stem}.c")
    endif()
endforeach()

# tandem-agent: in addition what reads networks, the protocols, and who is let in.
file(GLOB agent_program_sources CONFIGURE_DEPENDS
     "${agent_root}/hil/agent/*.c" "${agent_root}/hil/wire/*.c" "${agent_root}/hil/keys/*.c")
list(APPEND agent_program_sources "${agent_root}/sim/model/dnn.c" "${agent_root}/sim/core/random.c"
     "${agent_root}/hil/cloud/client.c" "${agent_root}/hil/cloud/message.c")
