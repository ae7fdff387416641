# SPDX-License-Identifier: GPL-3.0-or-later
# Hosts and agents: the protocol, the host's side with the hardware driver, and tandem-agent. Left
# out where ZeroMQ or protobuf-c is missing.

if(NOT ZMQ_FOUND OR NOT PROTOBUF_C_FOUND OR NOT TANDEM_PROTOC_C)
    message(STATUS "No libzmq, libprotobuf-c or protoc-c: there will be no tandem-agent")
    return()
endif()
set(TANDEM_LINK ON)

include(hil/wire.cmake)
tandem_wire("${PROJECT_SOURCE_DIR}" hil/wire/wire.proto "${PROJECT_BINARY_DIR}/made" wire_made)
tandem_wire("${PROJECT_SOURCE_DIR}" hil/cloud/cloud.proto "${PROJECT_BINARY_DIR}/made" cloud_made)

file(GLOB link_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
     hil/*.c hil/client/*.c hil/wire/*.c hil/keys/*.c)
add_library(tandem_link STATIC EXCLUDE_FROM_ALL ${link_sources} ${wire_made})
target_include_directories(tandem_link PUBLIC "${PROJECT_BINARY_DIR}/made")
target_link_libraries(tandem_link PUBLIC tandem_static PkgConfig::ZMQ PkgConfig::PROTOBUF_C)

# The command `tandem` drives boards.
target_link_libraries(tandem PRIVATE tandem_link)
target_compile_definitions(tandem PRIVATE TANDEM_LINK)

add_executable(tandem-agent ${agent_program_sources} ${agent_sources} ${inference_sources} ${wire_made}
               ${cloud_made})
target_include_directories(tandem-agent PRIVATE "${PROJECT_BINARY_DIR}/made")
target_link_libraries(tandem-agent PRIVATE tandem_flags PkgConfig::EXPAT PkgConfig::ZMQ
                      PkgConfig::PROTOBUF_C Threads::Threads ${CMAKE_DL_LIBS} m)
