# SPDX-License-Identifier: GPL-3.0-or-later
# What `cmake --install` puts where; all of it may be moved as a whole afterwards.

include(CMakePackageConfigHelpers)

install(TARGETS tandem tandem-guardian tandem-vboard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TANDEM_LINK)
    install(TARGETS tandem-agent tandem-cloud RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    # It names the places for good: who moves the rest edits it.
    configure_file(hil/tandem-agent.service.in tandem-agent.service @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/tandem-agent.service"
            DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endif()
install(TARGETS tandem_shared EXPORT TandemTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY platforms traces DESTINATION ${CMAKE_INSTALL_DATADIR}/tandem)

# find_package(Tandem), then link Tandem::tandem
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tandem)
install(EXPORT TandemTargets NAMESPACE Tandem:: DESTINATION ${package_dir})
configure_package_config_file(cmake/TandemConfig.cmake.in TandemConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    PATH_VARS CMAKE_INSTALL_FULL_DATADIR)
write_basic_package_version_file(TandemConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/TandemConfig.cmake"
              "${PROJECT_BINARY_DIR}/TandemConfigVersion.cmake"
        DESTINATION ${package_dir})

# pkg-config: the way from the .pc file up to the prefix
file(RELATIVE_PATH TANDEM_PC_TO_PREFIX "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /p)
configure_file(cmake/tandem.pc.in tandem.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tandem.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
