# SPDX-License-Identifier: GPL-3.0-or-later
# tandem-cloud: a library for its clients and tests, and the program. After cmake/hil_link.cmake.

if(NOT TANDEM_LINK)
    return()
endif()
set(TANDEM_CLOUD ON)

file(GLOB cloud_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" hil/cloud/*.c hil/keys/*.c)
list(REMOVE_ITEM cloud_sources hil/cloud/main.c)
add_library(tandem_cloud STATIC EXCLUDE_FROM_ALL ${cloud_sources} ${cloud_made})
target_link_libraries(tandem_cloud PUBLIC tandem_link)

# The command `tandem` can be a client.
target_link_libraries(tandem PRIVATE tandem_cloud)
target_compile_definitions(tandem PRIVATE TANDEM_CLOUD)

add_executable(tandem-cloud hil/cloud/main.c)
target_link_libraries(tandem-cloud PRIVATE tandem_cloud)
target_link_options(tandem-cloud PRIVATE ${TANDEM_NO_LTO_LINK})
