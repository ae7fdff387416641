// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Puts a board back as it was saved. In the kernel's order: CPUs that were online come first, then
 * governors, limits (whichever of minimum and maximum the kernel takes first), the memory's clock
 * before its lock and its cap, and CPUs that were offline go last. One knob that fails or hangs
 * does not keep the others; in the end all are read again.
 */
#ifndef TDM_BOARD_RESTORE_H
#define TDM_BOARD_RESTORE_H

#include "hil/board/saved.h"

/** Where messages go: one line each, without a newline. */
struct tdm_saying {
    void (*say)(void *context, const char *line); /**< NULL: nobody listens */
    void *context;
};
void tdm_say(const struct tdm_saying *saying, const char *format, ...) TDM_PRINTF(2, 3);

/** s that one knob may take. */
extern const double tdm_restore_patience;

/**
 * `saved` is bound to the board. Returns how many knobs are not as they were; each was told of. May
 * be called again and again.
 */
int tdm_restore(struct tdm_hw *hw, const struct tdm_saved *saved, const struct tdm_saying *saying);

/** One domain of it, the CPUs online left alone: when a pin is taken back. Unchecked. */
void tdm_restore_domain(struct tdm_hw *hw, const struct tdm_saved *saved, enum tdm_domain domain,
                        const struct tdm_saying *saying);

#endif
