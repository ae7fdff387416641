# SPDX-License-Identifier: GPL-3.0-or-later
# tandem-cloud: a library for its clients and tests, and the program. Left out where ZeroMQ or
# protobuf-c is missing.

if(NOT ZMQ_FOUND OR NOT PROTOBUF_C_FOUND OR NOT TANDEM_PROTOC_C)
    message(STATUS "No libzmq, libprotobuf-c or protoc-c: there will be no tandem-cloud")
    return()
endif()
set(TANDEM_CLOUD ON)

set(cloud_proto "${PROJECT_SOURCE_DIR}/hil/cloud/cloud.proto")
set(cloud_made "${PROJECT_BINARY_DIR}/made")
add_custom_command(
    OUTPUT "${cloud_made}/hil/cloud/cloud.pb-c.c" "${cloud_made}/hil/cloud/cloud.pb-c.h"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${cloud_made}"
    COMMAND "${TANDEM_PROTOC_C}" "--proto_path=${PROJECT_SOURCE_DIR}" "--c_out=${cloud_made}"
            "${cloud_proto}"
    DEPENDS "${cloud_proto}" VERBATIM)

file(GLOB cloud_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" hil/cloud/*.c hil/keys/*.c)
list(REMOVE_ITEM cloud_sources hil/cloud/main.c)
add_library(tandem_cloud STATIC EXCLUDE_FROM_ALL ${cloud_sources} "${cloud_made}/hil/cloud/cloud.pb-c.c")
set_source_files_properties("${cloud_made}/hil/cloud/cloud.pb-c.c" PROPERTIES COMPILE_OPTIONS -w)
target_include_directories(tandem_cloud PUBLIC "${cloud_made}")
target_link_libraries(tandem_cloud PUBLIC tandem_static PkgConfig::ZMQ PkgConfig::PROTOBUF_C)

# The command `tandem` can be a client.
target_link_libraries(tandem PRIVATE tandem_cloud)
target_compile_definitions(tandem PRIVATE TANDEM_CLOUD)

add_executable(tandem-cloud hil/cloud/main.c)
target_link_libraries(tandem-cloud PRIVATE tandem_cloud)
target_link_options(tandem-cloud PRIVATE ${TANDEM_NO_LTO_LINK})
