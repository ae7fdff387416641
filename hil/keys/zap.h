// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Whom a server lets in: ZeroMQ asks for each connection (RFC 27, ZAP) and is answered by the
 * server's own thread. Unknown clients get nothing, not even a refusal.
 */
#ifndef TDM_KEYS_ZAP_H
#define TDM_KEYS_ZAP_H

#include "hil/keys/keys.h"

struct tdm_zap;

/**
 * Answers for all sockets of a ZeroMQ context; to be opened before they listen, and closed before
 * the context ends. `known` is the caller's. NULL with `error`.
 */
struct tdm_zap *tdm_zap_open(void *context, const struct tdm_known *known, struct tdm_error *error);
void tdm_zap_close(struct tdm_zap *zap);

/** The ZeroMQ socket to poll for ZMQ_POLLIN. */
void *tdm_zap_socket(const struct tdm_zap *zap);

/** Answers one question, if there is one; never waits. */
void tdm_zap_answer(struct tdm_zap *zap);

/** Has `socket` let in only whom the context's ZAP knows, with this pair as its own. -1. */
int tdm_zap_guard(void *socket, const struct tdm_keys *keys, struct tdm_error *error);

/** Has `socket` connect only to who has the secret half of `server`, with this pair as its own. */
int tdm_zap_trust(void *socket, const struct tdm_keys *keys, const char *server,
                  struct tdm_error *error);

/** How many were turned away. */
uint64_t tdm_zap_refused(const struct tdm_zap *zap);

#endif
