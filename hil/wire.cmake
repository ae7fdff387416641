# SPDX-License-Identifier: GPL-3.0-or-later
# tandem_wire(ROOT PROTO INTO VARIABLE): C of a protocol's definition, ROOT/PROTO, below INTO.

function(tandem_wire root proto into variable)
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem "${proto}")
    set(made "${into}/${stem}.c")
    add_custom_command(
        OUTPUT "${made}" "${into}/${stem}.h"
        COMMAND ${CMAKE_COMMAND} -E make_directory "${into}"
        COMMAND "${TANDEM_PROTOC_C}" "--proto_path=${root}" "--c_out=${into}" "${root}/${proto}"
        DEPENDS "${root}/${proto}" VERBATIM)
    set_source_files_properties("${made}" PROPERTIES COMPILE_FLAGS -w) # CMake 3.10 has no options of a file
    set(${variable} "${made}" PARENT_SCOPE)
endfunction()
