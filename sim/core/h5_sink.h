// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How the HDF5 library writes into an open file descriptor. Its own drivers get stuck when a disk
 * is full: the file cannot be closed any more, and the library crashes when the process ends. This
 * one remembers the first error and from there on lets the library believe that all is well until
 * it has closed the file. Part of core/h5.c.
 */
#ifndef TDM_CORE_H5_SINK_H
#define TDM_CORE_H5_SINK_H

#include <hdf5.h>

struct tdm_h5_sink {
    int fd;     /**< the caller's, open for reading and writing */
    int number; /**< errno of the first access that failed; 0: none */
};

/** To be registered; its driver information is a pointer to a struct tdm_h5_sink. */
extern const H5FD_class_t tdm_h5_sink_class;

#endif
