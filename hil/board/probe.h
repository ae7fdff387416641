// SPDX-License-Identifier: GPL-3.0-or-later
/** Which board this is, and which JetPack runs on it: from what the machine says of itself. */
#ifndef TDM_BOARD_PROBE_H
#define TDM_BOARD_PROBE_H

#include "hil/board/tree.h"

enum tdm_sureness {
    TDM_UNKNOWN,
    TDM_LIKELY, /**< from a name that others could bear, or from the kernel's version */
    TDM_SURE,   /**< from the module's part number, or from L4T's own release file */
    TDM_GIVEN,  /**< the caller has said so */
};
extern const char *const tdm_sureness_names[]; /**< "unknown", "likely", "sure", "given" */

struct tdm_probe {
    char model[128];      /**< the device tree's model, "" where it has none */
    char compatible[256]; /**< its compatible strings, blank separated */
    char release[128];    /**< "R32 7.1" of nv_tegra_release, else the kernel's release */
    char board[64];       /**< name of a board file; "" where unknown */
    char jetpack[4];      /**< "4", "5", "6"; "" where unknown */
    enum tdm_sureness board_sure, jetpack_sure;
};

/** Looks. Nothing that is missing or odd is an error: it stays "". */
void tdm_probe_look(const struct tdm_tree *tree, struct tdm_probe *probe);

#endif
