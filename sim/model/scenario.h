// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A scenario: which boards, servers, links, streams of requests and co-running loads there are,
 * which knobs a policy may turn, and what counts as good. The structs mirror the file
 * (`tandem help scenario`); what elements refer to by name is resolved after reading. Fleets are
 * expanded then: their boards, links and streams stand behind the others in the scenario's arrays.
 */
#ifndef TDM_MODEL_SCENARIO_H
#define TDM_MODEL_SCENARIO_H

#include "core/schema.h"
#include "model/board.h"
#include "model/dnn.h"
#include "model/radio.h"
#include "model/server.h"
#include "trace/trace.h"

struct tdm_scenario_board {
    struct tdm_place place;
    const char *id, *type;
    const char *driver; /**< URI: "model:", "replay:run.h5" */
    double ambient;     /**< degC; NAN: the board's own */
    double start;       /**< degC at the start of the run; NAN: ambient */
    bool thermal;       /**< whether it heats; if not it stays at its reference temperature */
    bool switching;     /**< whether changing clocks costs time */
    bool jitter;        /**< whether stage times vary */
    const char *host;   /**< of the <platform>: where it stands; NULL: nowhere */

    const struct tdm_board *board;
    int twin; /**< the first board of its fleet, which is like it; -1: there is none */
    const struct tdm_scenario_knobs *knobs; /**< its own, else those for all, else NULL */
    const int *links, *streams;             /**< indices of its own, rising */
    int link_count, stream_count;
};

struct tdm_scenario_server {
    struct tdm_place place;
    const char *id, *type;
    int64_t slots;    /**< in place of the type's; 0: the type's */
    const char *host; /**< of the <platform> */
    const char *uri;  /**< of the tandem-cloud that 'live:' sends to; NULL: none */

    const struct tdm_server *server;
    const struct tdm_scenario_outage *
        *outages; /**< when it is away, in order; they do not overlap */
    size_t outage_count;
    size_t boards; /**< that have a link to it */
};

/** A server that goes away: what it was doing is lost and begins anew when it is back. */
struct tdm_scenario_outage {
    struct tdm_place place;
    const char *server_id;
    double from, until; /**< s */
};

enum tdm_duplex { TDM_FULL_DUPLEX, TDM_HALF_DUPLEX };
enum tdm_fairness { TDM_EQUAL_SHARES, TDM_RTT_SHARES };

enum { TDM_CELLS_DEEP = 15 };

/** A piece of network that links share: a radio cell, an access point, a backhaul. */
struct tdm_scenario_cell {
    struct tdm_place place;
    const char *id, *inside; /**< itself, and the cell that it stands in; NULL: in none */
    const char *trace;       /**< as of a link */
    double bandwidth, up, down, offset, floor;
    int duplex;     /**< enum tdm_duplex: half: one medium for both directions */
    int fairness;   /**< enum tdm_fairness: how transfers share it */
    int64_t boards; /**< links that one such cell takes; more make more cells; 0: any number */

    int parent;                     /**< index; -1: none */
    int depth;                      /**< cells around it; at most TDM_CELLS_DEEP */
    const struct tdm_trace *series; /**< a direction that it does not limit is infinite there */
    bool limits[TDM_DIRECTIONS];    /**< the directions that are shared */
    size_t members;                 /**< links, and cells inside */
    size_t copies;                  /**< such cells */
};

/** The network is a SimGrid platform file; boards and servers stand on its hosts. */
struct tdm_scenario_platform {
    struct tdm_place place;
    const char *file;

    const char *path;
};

struct tdm_scenario_link {
    struct tdm_place place;
    const char *from, *to;
    const char *trace; /**< name or path; NULL: constant */
    double bandwidth;  /**< bytes/s both ways, where there is no trace */
    double up, down;   /**< bytes/s, in place of `bandwidth` one way */
    double rtt;        /**< s; used where the trace has none */
    double offset;     /**< s into the trace at the start of the run */
    double floor;      /**< bytes/s: rates below are raised to it; 0: outages stay */
    const char *radio_name;
    bool cold;           /**< every transfer opens a connection: handshakes and slow start */
    const char *cell_id; /**< what it shares with others; NULL: it is alone */

    int board, server; /**< indices of the two ends; in a fleet's element, the first board */
    int cell;          /**< index; -1: none */
    size_t copy;       /**< of that cell */
    bool mixed;        /**< several rates on its way change, so no one trace has them all */
    bool routed;       /**< its way leads through the <platform>, which alone knows its rates */
    const struct tdm_trace *access; /**< its own rates; NULL: only its cell limits it */
    const struct tdm_trace *series; /**< what it carries while nobody else sends */
    const struct tdm_radio *radio;  /**< NULL: nobody pays */
};

enum tdm_input_form { TDM_COMPRESSED, TDM_RAW };
enum tdm_drop { TDM_DROP_NEVER, TDM_DROP_LATE };

enum { TDM_MOST_VERSIONS = 16 };

/** A network that a stream's requests may be answered by. */
struct tdm_version {
    const struct tdm_dnn *dnn;
    struct tdm_fit fit; /**< the board's fit, or its default scaled to the dnn */
    bool scaled;        /**< the fit is the default scaled: nobody measured this pair */
};

struct tdm_stream {
    struct tdm_place place;
    const char *board_id, *dnn_name, *precision;
    const char *others; /**< names or paths of other networks for the same task; NULL: none */
    int arrivals;       /**< index into tdm_arrival_names */
    double rate;        /**< per s, of periodic and poisson */
    double think;       /**< s between an answer and the next request of a closed loop */
    const char *file;   /**< arrival times, s, one a line */
    double from, until; /**< s: requests arrive in [from, until) */
    int64_t count;      /**< at most so many; 0: any number */
    double deadline;    /**< s after arrival; INFINITY: none */
    double accuracy;    /**< expected, that is needed; 0: any */
    double weight;      /**< of accuracy against time, in rewards: 0 to 0.99 */
    double difficulty;  /**< how much a request's tells (difficulty.h); 0: all are alike */
    int64_t queue;      /**< requests that may wait; more are dropped; -1: any number */
    int drop;           /**< enum tdm_drop: drop a request whose deadline passed in the queue */
    int64_t inflight;   /**< requests in service at once */
    int input;          /**< enum tdm_input: what is sent when the input is */

    int board;
    const struct tdm_version *versions; /**< all that there are; the first is that of `dnn_name` */
    int version_count;                  /**< at least 1 */
    const struct tdm_dnn *dnn;          /**< the first version's, and its fit */
    struct tdm_fit fit;
    double *times; /**< of `file` */
    size_t time_count;
};

enum tdm_arrival { TDM_CLOSED, TDM_PERIODIC, TDM_POISSON, TDM_FILE };
extern const char *const tdm_arrival_names[];

/** Co-runners on a board from `from` until `until`, by share of each domain. Several add up. */
struct tdm_scenario_load {
    struct tdm_place place;
    const char *board_id;
    double from, until;
    double cpu, gpu, emc;

    int board;
};

/** Which knobs a policy may turn and at which levels, as written; see model/levels.h. */
struct tdm_scenario_knobs {
    struct tdm_place place;
    const char *board_id; /**< NULL: every board without knobs of its own */
    const char *cpu, *gpu, *emc;
    const char *cut;
    const char *processor;
    const char *version, *exit;
    struct tdm_list xi, bits;
};

/** Boards that are alike, each with links, streams and loads of its own. */
struct tdm_scenario_fleet {
    struct tdm_place place;
    int64_t count;
    double shift; /**< s: from one board to the next within a link's trace; NAN: spread evenly */
    struct tdm_scenario_board *boards;
    size_t board_count;
    struct tdm_scenario_link *links;
    size_t link_count;
    struct tdm_stream *streams;
    size_t stream_count;
    struct tdm_scenario_load *loads;
    size_t load_count;
    struct tdm_scenario_knobs *knobs;
    size_t knob_count;
};

struct tdm_objective {
    struct tdm_place place;
    double eta; /**< weight of energy: cost = eta ETI + (1 - eta) Pmax TTI */
};

enum tdm_thinking { TDM_THINK_BLOCKING, TDM_THINK_CONCURRENT, TDM_THINK_FREE };
extern const char *const tdm_thinking_names[];

enum tdm_start { TDM_START_ANYWHERE, TDM_START_BEGINNING };

/** How policies learn in it; see env/process.h. */
struct tdm_scenario_environment {
    struct tdm_place place;
    int64_t episode;     /**< requests; 0: until the run ends */
    int64_t backlog;     /**< requests that wait, at which a run is given up; 0: never */
    int start;           /**< enum tdm_start */
    const char *observe; /**< "all", or names of entries */
    const char *reward;  /**< its name (env/reward.h); NULL: as usual */
    double alpha, beta;  /**< weights of those rewards that have them */
    double temperature;  /**< degC, of the board, that the reward `ztt` is to stay below */
    double worst;        /**< rewards below it are raised to it; NAN: as usual for the reward */
    int thinking;        /**< enum tdm_thinking */
    double period;       /**< s, after which a coordinator decides for all; NAN: nobody does */
    double think;        /**< s a decision, at any clock; NAN: as the board's file says */
};

struct tdm_scenario {
    struct tdm_place place;
    const char *name, *title;
    int64_t seed;
    double duration; /**< s */
    struct tdm_scenario_board *boards;
    size_t board_count;
    struct tdm_scenario_server *servers;
    size_t server_count;
    struct tdm_scenario_link *links;
    size_t link_count;
    struct tdm_stream *streams;
    size_t stream_count;
    struct tdm_scenario_load *loads;
    size_t load_count;
    struct tdm_scenario_knobs *knobs;
    size_t knob_count;
    struct tdm_objective *objectives;
    size_t objective_count;
    struct tdm_scenario_fleet *fleets;
    size_t fleet_count;
    struct tdm_scenario_cell *cells;
    size_t cell_count;
    struct tdm_scenario_outage *outages;
    size_t outage_count;
    struct tdm_scenario_platform *platforms;
    size_t platform_count;
    struct tdm_scenario_environment *environments;
    size_t environment_count;

    size_t own_boards, own_links,
        own_streams; /**< those that belong to no fleet; they come first */
    double eta;
    const char *path; /**< of the file; what it names is looked up beside it */
    const char *text; /**< the document as it was read, with a '\0' behind it */
    size_t text_length;
    struct tdm_parts *parts; /**< owns the loaded boards, servers, radios, dnns and traces */
    struct tdm_arena *arena;
};

extern const struct tdm_element tdm_scenario_schema;

/**
 * Reads a scenario from memory (copied) as if it were the file `path`: messages name that, and
 * what the scenario names is looked up beside it. NULL with `error`. The caller frees it.
 */
struct tdm_scenario *tdm_scenario_of_text(const char *text, size_t length, const char *path,
                                          struct tdm_error *error);

/**
 * Whether anything in it is shared: a server by several boards, a cell by several links, a server's
 * speed by requests in flight, a platform. Then the boards contend, and `simgrid:` is the engine;
 * so it is where several rates on one way change.
 */
bool tdm_scenario_is_shared(const struct tdm_scenario *scenario);

#endif
