// SPDX-License-Identifier: GPL-3.0-or-later
/** `tandem dnn measure`: what the stages of a split network really answer. */
#ifndef TDM_CLI_DNN_MEASURE_H
#define TDM_CLI_DNN_MEASURE_H

int tdm_dnn_measure(int argc, char **argv);

#endif
