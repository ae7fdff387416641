// SPDX-License-Identifier: GPL-3.0-or-later
/** Orders to an agent and its answers, as both sides have them in memory. SI; NAN: not known. */
#ifndef TDM_WIRE_ORDER_H
#define TDM_WIRE_ORDER_H

#include "hil/board/clocks.h"
#include "hil/board/vwork.h"

enum {
    TDM_AGENT_NAME = 64,
    TDM_AGENT_OPPS = 128,
    TDM_AGENT_RAILS = 16,
    TDM_AGENT_EXECUTORS = 8,
    TDM_AGENT_REASON = 256,
    TDM_AGENT_URI = 256,
    TDM_AGENT_CLASSES = 4096, /**< of a network, at most */
};

enum tdm_order_kind {
    TDM_ORDER_NONE, /**< of an answer: it has no content */
    TDM_ORDER_HELLO,
    TDM_ORDER_TAKE,
    TDM_ORDER_RENEW,
    TDM_ORDER_RELEASE,
    TDM_ORDER_SET,
    TDM_ORDER_LOOK,
    TDM_ORDER_RUN,
    TDM_ORDER_REST,
    TDM_ORDER_READ,
    TDM_ORDER_INFER,
};

/** As in wire.proto. */
enum tdm_refusal {
    TDM_REFUSAL_NONE,
    TDM_REFUSAL_MALFORMED,
    TDM_REFUSAL_VERSION,
    TDM_REFUSAL_ORDER,
    TDM_REFUSAL_HELD,
    TDM_REFUSAL_NOT_YOURS,
    TDM_REFUSAL_BUSY,
    TDM_REFUSAL_FAILED,
    TDM_REFUSAL_STALE,
};

/** A whole plan for one request; see Infer in wire.proto. */
struct tdm_infer {
    double head, local; /**< shares of the network's work, 0 to 1 */
    double xi;
    int bits;
    double lambda;
    char server[TDM_AGENT_URI];
    double patience; /**< s */
    double features; /**< bytes; 0: whatever they are */
    uint64_t picture;
    bool leave; /**< at the exit: nothing is sent */
};

struct tdm_order {
    enum tdm_order_kind kind;
    uint64_t number;
    uint64_t session;           /**< 0 in a hello alone */
    double lease;               /**< of take */
    char who[TDM_AGENT_NAME];   /**< of take */
    struct tdm_setting setting; /**< of set */
    bool hurry;                 /**< of set: answers before the sensors show it */
    double seconds;             /**< of rest; of run: after which it is given up */
    struct tdm_vwork_job work;  /**< of run and infer; its names lie in `names`: tdm_order_work */
    char names[4][TDM_AGENT_NAME]; /**< dnn, mode, precision, processor */
    struct tdm_infer infer;
};

/** The work of an order, its names pointing into the order. */
struct tdm_vwork_job tdm_order_work(const struct tdm_order *order);

/** What an agent says of itself and its board. */
struct tdm_agent_welcome {
    char agent[TDM_AGENT_NAME];   /**< its version */
    char board[TDM_AGENT_NAME];   /**< name of the board file, "xavier-nx" */
    char variant[TDM_AGENT_NAME]; /**< "JetPack 5" */
    bool real;                    /**< false: a virtual board */
    struct {
        double hz[TDM_AGENT_OPPS]; /**< the kernel's table, rising */
        int count;                 /**< 0: there is none, or it cannot be read */
    } opps[TDM_DOMAINS];
    int cores;
    char executors[TDM_AGENT_EXECUTORS][TDM_AGENT_NAME]; /**< the first one runs */
    int executor_count;
    char rails[TDM_AGENT_RAILS][TDM_AGENT_NAME]; /**< of its sensors */
    int rail_count;
    char covers[2 * TDM_AGENT_NAME]; /**< rails that make up the total, or what is missing */
    double sensor_period;            /**< s between samples of power */
    double lease;                    /**< s, the agent's own */
    uint64_t session;                /**< of who said hello */
};

/** What happened on the board from the beginning of a piece of work, or of a rest, to its end. */
struct tdm_agent_segment {
    double seconds;               /**< on the board's clock */
    double joules, error;         /**< of the total, and its standard error */
    double rail[TDM_AGENT_RAILS]; /**< J, in the welcome's order */
    int rail_count;
    double temperature;     /**< degC of the hottest zone at its end */
    double hz[TDM_DOMAINS]; /**< in force at its end */
    bool throttled;         /**< heat held a clock down, or the guard did */
};

/** What came of a plan; see Inference in wire.proto. Its segment lies in the answer. */
struct tdm_inference {
    double head, packing, local, trip, queued, ran, cold, rtt; /**< s */
    double sent, received;                                     /**< bytes */
    int right;                                                 /**< 1, 0; -1: not known */
};

/** What its sensors show now. */
struct tdm_agent_readings {
    double power;       /**< W, total */
    double temperature; /**< degC of the hottest zone */
    double hz[TDM_DOMAINS];
    bool throttled;
};

struct tdm_answer {
    enum tdm_order_kind kind; /**< whose answer it is: hello, set (and look), run (and rest), read,
                                 infer, release; else none */
    uint64_t number;
    enum tdm_refusal refusal;
    char reason[TDM_AGENT_REASON];
    struct tdm_agent_welcome welcome;
    struct tdm_report report;
    double seconds; /**< that setting took */
    struct tdm_agent_segment segment;
    struct tdm_agent_readings readings;
    struct tdm_inference inference; /**< of infer, with `segment` */
    int wrong;                      /**< knobs that are not as they were */
};

#endif
