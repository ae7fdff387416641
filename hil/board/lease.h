// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a holder of a board and its guardian agree on.
 *
 * The holder starts the guardian with one end of a socket as its standard input and the lock that
 * says whose the board is as descriptor 3. It renews a lease: a time of CLOCK_BOOTTIME, which goes
 * on while a machine sleeps. The guardian puts the board back and ends when the lease is over, when
 * the socket's other end is gone (the holder has died, whatever the reason), when it is asked to,
 * or when it gets SIGTERM.
 *
 * FILE.lock, beside the state, is locked by byte (locks of the open file, so that they are gone
 * with whoever had them): the first says whose the board is, shared by holder and guardian; the
 * second is had while writing knobs. Where the state file is gone, the board has been put back.
 */
#ifndef TDM_BOARD_LEASE_H
#define TDM_BOARD_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

enum tdm_lease_word {
    TDM_LEASE_RENEW = 1,   /**< to the guardian: until `value` ns */
    TDM_LEASE_RELEASE = 2, /**< to the guardian: put it back now */
    TDM_LEASE_READY = 3,   /**< from it: it watches */
    TDM_LEASE_BACK = 4,    /**< from it: put back; `value` knobs are not as they were */
};

struct tdm_lease_message {
    int64_t word, value;
};

enum { TDM_LEASE_SOCKET = 0, TDM_LEASE_OWNER = 3 }; /**< descriptors of the guardian */

enum tdm_lease_lock { TDM_LOCK_OWNER, TDM_LOCK_WRITING };

/** ns of CLOCK_BOOTTIME. */
int64_t tdm_lease_now(void);

/** Opens FILE.lock. The descriptor, or -1 with `error`. */
int tdm_lease_lock_open(const char *state, struct tdm_error *error);

/** Tries for at most `seconds`. False: somebody else has it. */
bool tdm_lease_lock(int fd, enum tdm_lease_lock which, double seconds);
void tdm_lease_unlock(int fd, enum tdm_lease_lock which);

/** 0, or -1 where nobody is at the other end. */
int tdm_lease_send(int socket, enum tdm_lease_word word, int64_t value);

/** 1: a message; 0: nothing within `seconds`; -1: nobody is at the other end any more. */
int tdm_lease_receive(int socket, struct tdm_lease_message *message, double seconds);

#endif
