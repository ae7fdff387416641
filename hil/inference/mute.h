// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Debian 13's ONNX Runtime writes hundreds of lines "Schema error: …" to stderr when the first
 * session is made, and all is well. They are left out; whatever else was written meanwhile comes.
 */
#ifndef TDM_INFERENCE_MUTE_H
#define TDM_INFERENCE_MUTE_H

struct tdm_mute {
    int saved, caught; // descriptors; -1: nothing is muted
};

struct tdm_mute tdm_mute_start(void);
void tdm_mute_end(struct tdm_mute *mute);

#endif
