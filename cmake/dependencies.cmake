# SPDX-License-Identifier: GPL-3.0-or-later
# The libraries that Tandem stands on, all by pkg-config. Each becomes a target PkgConfig::NAME.

find_package(PkgConfig REQUIRED)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(GSL REQUIRED IMPORTED_TARGET gsl)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
# Debian calls the serial HDF5 hdf5-serial; elsewhere it is plain hdf5.
pkg_search_module(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial hdf5)

pkg_check_modules(SIMGRID REQUIRED IMPORTED_TARGET simgrid)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
find_package(Threads REQUIRED)
# Of the virtual board alone; without, it knows plain folders only.
pkg_check_modules(FUSE IMPORTED_TARGET fuse3>=3.12)
# Of tandem-cloud alone.
pkg_check_modules(ZMQ IMPORTED_TARGET libzmq)
pkg_check_modules(PROTOBUF_C IMPORTED_TARGET libprotobuf-c)
find_program(TANDEM_PROTOC_C NAMES protoc-c DOC "Compiler of protobuf-c")

# OpenBLAS has functions of the same names as GSL's own CBLAS, and what it computes differs with the
# processor in the last bits. GSL's comes first and stays, though only GSL needs it, so that fits are
# the same everywhere.
set(gsl_cblas ${GSL_LINK_LIBRARIES})
list(FILTER gsl_cblas INCLUDE REGEX "gslcblas")
if(gsl_cblas)
    set(gsl_cblas "-Wl,--push-state,--no-as-needed,${gsl_cblas},--pop-state")
endif()

set(TANDEM_LIBRARIES ${gsl_cblas} PkgConfig::EXPAT PkgConfig::GSL PkgConfig::JANSSON PkgConfig::HDF5
    PkgConfig::SIMGRID PkgConfig::OPENBLAS Threads::Threads ${CMAKE_DL_LIBS} m)

if(BUILD_TESTING)
    pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
    if(NOT CMOCKA_FOUND)
        message(FATAL_ERROR "The tests need cmocka (Debian: libcmocka-dev). "
                            "Install it, or configure with -DBUILD_TESTING=OFF.")
    endif()
endif()

# The system's own Python: others (pyenv, conda) rarely have h5py.
find_program(TANDEM_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH
             DOC "Python of the tests (3.9 or newer, with h5py)")
find_program(TANDEM_PYTHON NAMES python3)
