// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A board behind an agent (`tandem-agent`): the host's side of hil/wire.proto. Calls block, and
 * each has a deadline. Between calls a thread keeps the lease, for as long as the process lives.
 * One thread at a time uses a connection.
 */
#ifndef TDM_REMOTE_REMOTE_H
#define TDM_REMOTE_REMOTE_H

#include "hil/board/clocks.h"
#include "hil/board/vwork.h"

struct tdm_remote;

struct tdm_remote_options {
    const char *keys; /**< folder with client.key and agent.pub; NULL: no encryption */
    const char *who;  /**< told to others who want the board; NULL: user@host */
    double deadline;  /**< s for an answer, beyond what the call itself takes; 0: 5 s */
};

enum {
    TDM_REMOTE_NAME = 64,
    TDM_REMOTE_OPPS = 128,
    TDM_REMOTE_RAILS = 16,
    TDM_REMOTE_EXECUTORS = 8
};

/** What an agent says of itself and its board. */
struct tdm_remote_welcome {
    char agent[TDM_REMOTE_NAME];   /**< its version */
    char board[TDM_REMOTE_NAME];   /**< name of the board file, "xavier-nx" */
    char variant[TDM_REMOTE_NAME]; /**< "JetPack 5" */
    bool real;                     /**< false: a virtual board */
    struct {
        double hz[TDM_REMOTE_OPPS]; /**< the kernel's table, rising */
        int count;                  /**< 0: there is none, or it cannot be read */
    } opps[TDM_DOMAINS];
    int cores;
    char executors[TDM_REMOTE_EXECUTORS][TDM_REMOTE_NAME]; /**< that it can run; the first does */
    int executor_count;
    char rails[TDM_REMOTE_RAILS][TDM_REMOTE_NAME]; /**< of its sensors */
    int rail_count;
    char covers[2 * TDM_REMOTE_NAME]; /**< rails that make up the total, or what is missing */
    double sensor_period;             /**< s between samples of power */
};

/** What happened on the board between the beginning of a piece of work, or of a rest, and its end.
 */
struct tdm_remote_segment {
    double seconds;                /**< on the board's clock */
    double joules, error;          /**< of the total, and its standard error; NAN: not known */
    double rail[TDM_REMOTE_RAILS]; /**< J, in the welcome's order; NAN: not known */
    double temperature;            /**< degC of the hottest zone at its end; NAN: not known */
    double hz[TDM_DOMAINS];        /**< in force at its end; NAN: not known */
    bool throttled;                /**< heat held a clock down, or the guard did */
};

/** What its sensors show now. */
struct tdm_remote_readings {
    double power;       /**< W, total; NAN: not known */
    double temperature; /**< degC of the hottest zone; NAN: not known */
    double hz[TDM_DOMAINS];
    bool throttled;
};

/**
 * Connects to `tcp://HOST:PORT` or `ipc:///PATH`. NULL with `error`: nobody answers there, it
 * speaks another version, or does not know our key. The caller closes it.
 */
struct tdm_remote *tdm_remote_open(const char *uri, const struct tdm_remote_options *options,
                                   struct tdm_error *error);
/** Releases the board, if it was taken (best effort), and disconnects; NULL is fine. */
void tdm_remote_close(struct tdm_remote *remote);

/** Valid until it is closed. */
const struct tdm_remote_welcome *tdm_remote_welcome(const struct tdm_remote *remote);

/*
 * All of these: 0, or -1 with `error`: refused by the agent (its reason), no answer in time, or the
 * board is not ours any more (the lease was lost: it is as it was before).
 */

/** Takes the board, so that clocks may be set and work be run. `lease` s; 0: the agent's. */
int tdm_remote_take(struct tdm_remote *remote, double lease, struct tdm_error *error);
/** Puts it back as it was, and waits until it is. `wrong` (may be NULL): knobs that are not. */
int tdm_remote_release(struct tdm_remote *remote, int *wrong, struct tdm_error *error);

/** Sets clocks. `seconds` (may be NULL) is what that took on the board, settling included. */
int tdm_remote_set(struct tdm_remote *remote, const struct tdm_setting *setting,
                   struct tdm_report *report, double *seconds, struct tdm_error *error);
/** Whether what was set last still holds. */
int tdm_remote_look(struct tdm_remote *remote, struct tdm_report *report, struct tdm_error *error);

/** Runs work once. `most` s: given up beyond it. */
int tdm_remote_run(struct tdm_remote *remote, const struct tdm_vwork_job *work, double most,
                   struct tdm_remote_segment *segment, struct tdm_error *error);
/** Nothing runs for `seconds`. */
int tdm_remote_rest(struct tdm_remote *remote, double seconds, struct tdm_remote_segment *segment,
                    struct tdm_error *error);
int tdm_remote_read(struct tdm_remote *remote, struct tdm_remote_readings *readings,
                    struct tdm_error *error);

#endif
