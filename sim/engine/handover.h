// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Two pieces of code that take turns, each on a stack of its own: the caller goes on when the other
 * side hands over, and the other way round. The other side may itself switch stacks in between (as
 * SimGrid does for its actors) and hand over from any of them. One pair of sides belongs to one
 * thread.
 */
#ifndef TDM_ENGINE_HANDOVER_H
#define TDM_ENGINE_HANDOVER_H

#include <stddef.h>

// Sanitizers watch the stack.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TDM_HANDOVER_BY_THREADS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define TDM_HANDOVER_BY_THREADS
#endif
#endif

struct tdm_handover;

/**
 * `side` runs at the first tdm_handover_go, on a stack of `size` bytes, and never returns. NULL if
 * there is no memory. There is no way to end it: it lasts as long as the process.
 */
struct tdm_handover *tdm_handover_new(void (*side)(void *context), void *context, size_t size);

/** The caller: lets the other side go on until it hands back. */
void tdm_handover_go(struct tdm_handover *handover);

/** The other side: lets the caller go on until it comes again. */
void tdm_handover_back(struct tdm_handover *handover);

#endif
