// SPDX-License-Identifier: GPL-3.0-or-later
/* What a scenario file may say. */
#include "model/scenario.h"

const char *const tdm_arrival_names[] = {"closed", "periodic", "poisson", "file", NULL};
static const char *const inputs[] = {"compressed", "raw", NULL};
static const char *const drops[] = {"never", "late", NULL};
static const char *const duplexes[] = {"full", "half", NULL};
static const char *const fairnesses[] = {"equal", "rtt", NULL};

static const char *const starts[] = {"anywhere", "beginning", NULL};
const char *const tdm_thinking_names[] = {"blocking", "concurrent", "free", NULL};

#define AT(type, field) offsetof(struct type, field)
#define TIME .dimension = TDM_TIME, .min = 0, .max = 1e9
#define LOAD .dimension = TDM_SHARE, .fallback = "0 %", .min = 0, .max = 0.95
#define RATE .dimension = TDM_BANDWIDTH, .min = 0, .max = 1e12

static const struct tdm_attribute board_attributes[] = {
    {"id", TDM_NAME, AT(tdm_scenario_board, id), "what this scenario calls it", .required = true},
    {"type", TDM_TEXT, AT(tdm_scenario_board, type), "a board's name, or the path of its file",
     .required = true},
    {"driver", TDM_TEXT, AT(tdm_scenario_board, driver), "what answers for it",
     .fallback = "model:"},
    {"ambient", TDM_QUANTITY, AT(tdm_scenario_board, ambient), "temperature around it",
     .dimension = TDM_TEMPERATURE, .min = -50, .max = 100},
    {"start", TDM_QUANTITY, AT(tdm_scenario_board, start),
     "its temperature at the start; none: ambient", .dimension = TDM_TEMPERATURE, .min = -50,
     .max = 150},
    {"thermal", TDM_FLAG, AT(tdm_scenario_board, thermal),
     "whether it heats and throttles; if not it stays at its reference temperature",
     .fallback = "yes"},
    {"switching", TDM_FLAG, AT(tdm_scenario_board, switching), "whether changing clocks costs time",
     .fallback = "yes"},
    {"jitter", TDM_FLAG, AT(tdm_scenario_board, jitter), "whether stage times vary",
     .fallback = "no"},
    {"host", TDM_TEXT, AT(tdm_scenario_board, host), "of the <platform>: where it stands"},
};
static const struct tdm_element board_element = {.name = "board",
                                                 .help = "an edge device",
                                                 .size = sizeof(struct tdm_scenario_board),
                                                 .attributes = board_attributes,
                                                 .attribute_count = TDM_COUNT(board_attributes),
                                                 TDM_CHILDREN(tdm_scenario, boards, board_count),
                                                 .key = "id"};

static const struct tdm_attribute server_attributes[] = {
    {"id", TDM_NAME, AT(tdm_scenario_server, id), "what this scenario calls it", .required = true},
    {"type", TDM_TEXT, AT(tdm_scenario_server, type), "a server's name, or the path of its file",
     .required = true},
    {"slots", TDM_INTEGER, AT(tdm_scenario_server, slots), "in place of the type's", .min = 1,
     .max = 1e6},
    {"host", TDM_TEXT, AT(tdm_scenario_server, host), "of the <platform>: where it stands"},
    {"uri", TDM_TEXT, AT(tdm_scenario_server, uri),
     "where a real tandem-cloud listens, as boards see it: for 'live:' alone"},
};
static const struct tdm_element server_element = {.name = "server",
                                                  .help = "where offloaded work runs",
                                                  .size = sizeof(struct tdm_scenario_server),
                                                  .attributes = server_attributes,
                                                  .attribute_count = TDM_COUNT(server_attributes),
                                                  TDM_CHILDREN(tdm_scenario, servers, server_count),
                                                  .key = "id"};

static const struct tdm_attribute link_attributes[] = {
    {"from", TDM_NAME, AT(tdm_scenario_link, from), "id of a board", .required = true},
    {"to", TDM_NAME, AT(tdm_scenario_link, to), "id of a server", .required = true},
    {"trace", TDM_TEXT, AT(tdm_scenario_link, trace),
     "a sample's name, or the path of a trace (tandem help traces)"},
    {"bandwidth", TDM_QUANTITY, AT(tdm_scenario_link, bandwidth), "constant, both ways", RATE},
    {"up", TDM_QUANTITY, AT(tdm_scenario_link, up), "constant, towards the server", RATE},
    {"down", TDM_QUANTITY, AT(tdm_scenario_link, down), "constant, towards the board", RATE},
    {"rtt", TDM_QUANTITY, AT(tdm_scenario_link, rtt), "round trip, where the trace has none",
     .fallback = "0 s", TIME},
    {"offset", TDM_QUANTITY, AT(tdm_scenario_link, offset), "into the trace at the start",
     .fallback = "0 s", TIME},
    {"floor", TDM_QUANTITY, AT(tdm_scenario_link, floor), "rates below are raised to it",
     .fallback = "0 bit/s", RATE},
    {"radio", TDM_TEXT, AT(tdm_scenario_link, radio_name), "whose energy transfers take"},
    {"cold", TDM_FLAG, AT(tdm_scenario_link, cold),
     "every request opens a connection: two round trips and slow start"},
    {"cell", TDM_NAME, AT(tdm_scenario_link, cell_id), "id of a cell that it shares with others"},
};
static const struct tdm_element link_element = {.name = "link",
                                                .help = "joins a board and a server",
                                                .size = sizeof(struct tdm_scenario_link),
                                                .attributes = link_attributes,
                                                .attribute_count = TDM_COUNT(link_attributes),
                                                TDM_CHILDREN(tdm_scenario, links, link_count),
                                                .at_most = 100000};

static const struct tdm_attribute stream_attributes[] = {
    {"board", TDM_NAME, AT(tdm_stream, board_id), "id of the board they arrive at",
     .required = true},
    {"dnn", TDM_TEXT, AT(tdm_stream, dnn_name), "a network's name, or the path of its file",
     .required = true},
    {"versions", TDM_TEXT, AT(tdm_stream, others),
     "list of other networks for the same task, which a plan may choose instead"},
    {"precision", TDM_NAME, AT(tdm_stream, precision), "of the board's fit; none: any"},
    {"arrivals", TDM_CHOICE, AT(tdm_stream, arrivals),
     "closed: the next comes when one is answered", .choices = tdm_arrival_names},
    {"rate", TDM_QUANTITY, AT(tdm_stream, rate), "of periodic and poisson arrivals",
     .dimension = TDM_RATE, .min = 1e-6, .max = 1e9},
    {"think", TDM_QUANTITY, AT(tdm_stream, think), "closed: between an answer and the next request",
     .fallback = "0 s", TIME},
    {"file", TDM_TEXT, AT(tdm_stream, file), "arrival times in s, one a line, rising"},
    {"from", TDM_QUANTITY, AT(tdm_stream, from), "first arrival not before", .fallback = "0 s",
     TIME},
    {"until", TDM_QUANTITY, AT(tdm_stream, until), "no arrival from then on; none: the end", TIME},
    {"count", TDM_INTEGER, AT(tdm_stream, count), "at most so many requests; 0: any number",
     .min = 0, .max = 1e15},
    {"deadline", TDM_QUANTITY, AT(tdm_stream, deadline), "answer within; none: no deadline", TIME},
    {"accuracy", TDM_QUANTITY, AT(tdm_stream, accuracy),
     "expected share of right answers that is needed", .dimension = TDM_SHARE, .fallback = "0 %",
     .min = 0, .max = 1},
    {"weight", TDM_QUANTITY, AT(tdm_stream, weight),
     "of accuracy against time, in the rewards 'mcia' and 'sac-d': high where answers should be "
     "right, low where they should be soon",
     .dimension = TDM_SHARE, .fallback = "50 %", .min = 0, .max = 0.99},
    {"difficulty", TDM_QUANTITY, AT(tdm_stream, difficulty),
     "how well a network tells from an input how hard it is; 0: requests are alike (tandem help "
     "difficulty)",
     .dimension = TDM_SHARE, .fallback = "0 %", .min = 0, .max = 1},
    {"queue", TDM_INTEGER, AT(tdm_stream, queue), "requests that may wait; -1: any number",
     .fallback = "-1", .min = -1, .max = 1e9},
    {"drop", TDM_CHOICE, AT(tdm_stream, drop), "late: drop what is past its deadline unserved",
     .choices = drops},
    {"inflight", TDM_INTEGER, AT(tdm_stream, inflight), "requests in service at once",
     .fallback = "1", .min = 1, .max = 1000},
    {"input", TDM_CHOICE, AT(tdm_stream, input), "what is sent when the input is",
     .choices = inputs},
};
static const struct tdm_element stream_element = {.name = "stream",
                                                  .help = "requests arriving at a board",
                                                  .size = sizeof(struct tdm_stream),
                                                  .attributes = stream_attributes,
                                                  .attribute_count = TDM_COUNT(stream_attributes),
                                                  TDM_CHILDREN(tdm_scenario, streams, stream_count),
                                                  .at_most = 100000};

static const struct tdm_attribute load_attributes[] = {
    {"board", TDM_NAME, AT(tdm_scenario_load, board_id), "id of the board", .required = true},
    {"from", TDM_QUANTITY, AT(tdm_scenario_load, from), "start", .fallback = "0 s", TIME},
    {"until", TDM_QUANTITY, AT(tdm_scenario_load, until), "end; none: the run's", TIME},
    {"cpu", TDM_QUANTITY, AT(tdm_scenario_load, cpu),
     "share of the cores; launches slow down once less than one core is free", LOAD},
    {"gpu", TDM_QUANTITY, AT(tdm_scenario_load, gpu),
     "share of the GPU; it draws there what the board's own network does", LOAD},
    {"emc", TDM_QUANTITY, AT(tdm_scenario_load, emc), "share of the memory bandwidth", LOAD},
};
static const struct tdm_element load_element = {.name = "load",
                                                .help = "what else a board is doing",
                                                .size = sizeof(struct tdm_scenario_load),
                                                .attributes = load_attributes,
                                                .attribute_count = TDM_COUNT(load_attributes),
                                                TDM_CHILDREN(tdm_scenario, loads, load_count),
                                                .at_most = 10000};

static const struct tdm_attribute knob_attributes[] = {
    {"board", TDM_NAME, AT(tdm_scenario_knobs, board_id), "id; none: every board"},
    {"cpu", TDM_TEXT, AT(tdm_scenario_knobs, cpu),
     "'all', 'top', 'governed', a number of evenly spread levels, or a list of clocks",
     .fallback = "all"},
    {"gpu", TDM_TEXT, AT(tdm_scenario_knobs, gpu), "the same", .fallback = "all"},
    {"emc", TDM_TEXT, AT(tdm_scenario_knobs, emc), "the same", .fallback = "all"},
    {"cut", TDM_TEXT, AT(tdm_scenario_knobs, cut),
     "'all', 'none', 'input', a number of points spread evenly over the work (the first is the "
     "input), or a list of layers to cut after ('input' among them)",
     .fallback = "all"},
    {"xi", TDM_LIST, AT(tdm_scenario_knobs, xi), "shares of the channels that may be sent",
     .dimension = TDM_SHARE, .fallback = "0 %, 100 %", .min = 0, .max = 1},
    {"bits", TDM_LIST, AT(tdm_scenario_knobs, bits), "of each value sent: 32, 16, 8",
     .dimension = TDM_PLAIN, .fallback = "32, 8", .min = 8, .max = 32},
    {"processor", TDM_TEXT, AT(tdm_scenario_knobs, processor), "list of processors, or 'all'",
     .fallback = "gpu"},
    {"version", TDM_TEXT, AT(tdm_scenario_knobs, version),
     "list of the stream's versions that may be chosen besides its dnn, or 'all'; none: the dnn"},
    {"exit", TDM_TEXT, AT(tdm_scenario_knobs, exit),
     "list of the exits at which a network may be left besides its end, or 'all'; none: its end"},
};
static const struct tdm_element knob_element = {.name = "knobs",
                                                .help = "what a policy may choose",
                                                .size = sizeof(struct tdm_scenario_knobs),
                                                .attributes = knob_attributes,
                                                .attribute_count = TDM_COUNT(knob_attributes),
                                                TDM_CHILDREN(tdm_scenario, knobs, knob_count),
                                                .at_most = 10000};

static const struct tdm_attribute fleet_attributes[] = {
    {"count", TDM_INTEGER, AT(tdm_scenario_fleet, count),
     "boards; ID becomes ID-1, ID-2, …; each has its own links, streams and luck", .required = true,
     .min = 1, .max = 1000000},
    {"shift", TDM_QUANTITY, AT(tdm_scenario_fleet, shift),
     "by which each board is further on in its links' traces than the one before it; none: spread "
     "evenly over them",
     TIME},
};
static const struct tdm_element fleet_board = {
    .name = "board",
    .help = "what each of them is",
    .size = sizeof(struct tdm_scenario_board),
    .attributes = board_attributes,
    .attribute_count = TDM_COUNT(board_attributes),
    TDM_CHILDREN(tdm_scenario_fleet, boards, board_count),
    .at_least = 1,
    .at_most = 1};
static const struct tdm_element fleet_link = {.name = "link",
                                              .help = "joins each of them and a server",
                                              .size = sizeof(struct tdm_scenario_link),
                                              .attributes = link_attributes,
                                              .attribute_count = TDM_COUNT(link_attributes),
                                              TDM_CHILDREN(tdm_scenario_fleet, links, link_count),
                                              .at_most = 100};
static const struct tdm_element fleet_stream = {
    .name = "stream",
    .help = "requests arriving at each of them; closed loops begin spread over a second, periodic "
            "ones over a period",
    .size = sizeof(struct tdm_stream),
    .attributes = stream_attributes,
    .attribute_count = TDM_COUNT(stream_attributes),
    TDM_CHILDREN(tdm_scenario_fleet, streams, stream_count),
    .at_least = 1,
    .at_most = 100};
static const struct tdm_element fleet_load = {.name = "load",
                                              .help = "what else each of them is doing",
                                              .size = sizeof(struct tdm_scenario_load),
                                              .attributes = load_attributes,
                                              .attribute_count = TDM_COUNT(load_attributes),
                                              TDM_CHILDREN(tdm_scenario_fleet, loads, load_count),
                                              .at_most = 100};
static const struct tdm_element fleet_knobs = {.name = "knobs",
                                               .help = "what a policy may choose on them",
                                               .size = sizeof(struct tdm_scenario_knobs),
                                               .attributes = knob_attributes,
                                               .attribute_count = TDM_COUNT(knob_attributes),
                                               TDM_CHILDREN(tdm_scenario_fleet, knobs, knob_count),
                                               .at_most = 1};
static const struct tdm_element *const fleet_children[] = {
    &fleet_board, &fleet_link, &fleet_stream, &fleet_load, &fleet_knobs, NULL};
static const struct tdm_element fleet_element = {.name = "fleet",
                                                 .help = "many boards that are alike",
                                                 .size = sizeof(struct tdm_scenario_fleet),
                                                 .attributes = fleet_attributes,
                                                 .attribute_count = TDM_COUNT(fleet_attributes),
                                                 .children = fleet_children,
                                                 TDM_CHILDREN(tdm_scenario, fleets, fleet_count),
                                                 .at_most = 1000};

static const struct tdm_attribute cell_attributes[] = {
    {"id", TDM_NAME, AT(tdm_scenario_cell, id), "what this scenario calls it", .required = true},
    {"inside", TDM_NAME, AT(tdm_scenario_cell, inside), "id of the cell that it stands in"},
    {"trace", TDM_TEXT, AT(tdm_scenario_cell, trace), "as of a link"},
    {"bandwidth", TDM_QUANTITY, AT(tdm_scenario_cell, bandwidth), "constant, both ways", RATE},
    {"up", TDM_QUANTITY, AT(tdm_scenario_cell, up),
     "constant, towards the server; without 'down' it limits only that way", RATE},
    {"down", TDM_QUANTITY, AT(tdm_scenario_cell, down), "constant, towards the boards", RATE},
    {"offset", TDM_QUANTITY, AT(tdm_scenario_cell, offset), "into the trace at the start",
     .fallback = "0 s", TIME},
    {"floor", TDM_QUANTITY, AT(tdm_scenario_cell, floor), "rates below are raised to it",
     .fallback = "0 bit/s", RATE},
    {"duplex", TDM_CHOICE, AT(tdm_scenario_cell, duplex),
     "half: both directions share one medium, as in Wi-Fi", .choices = duplexes},
    {"fairness", TDM_CHOICE, AT(tdm_scenario_cell, fairness),
     "equal: max-min fair shares; rtt: by one over the round trip (tandem help contention)",
     .choices = fairnesses},
    {"boards", TDM_INTEGER, AT(tdm_scenario_cell, boards),
     "links that one such cell takes; more links make more cells; 0: any number", .min = 0,
     .max = 1e6},
};
static const struct tdm_element cell_element = {.name = "cell",
                                                .help = "a piece of network that links share",
                                                .size = sizeof(struct tdm_scenario_cell),
                                                .attributes = cell_attributes,
                                                .attribute_count = TDM_COUNT(cell_attributes),
                                                TDM_CHILDREN(tdm_scenario, cells, cell_count),
                                                .at_most = 100000,
                                                .key = "id"};

static const struct tdm_attribute outage_attributes[] = {
    {"server", TDM_NAME, AT(tdm_scenario_outage, server_id), "id of the server", .required = true},
    {"from", TDM_QUANTITY, AT(tdm_scenario_outage, from), "when it goes away", .required = true,
     TIME},
    {"until", TDM_QUANTITY, AT(tdm_scenario_outage, until), "when it is back; none: never", TIME},
};
static const struct tdm_element outage_element = {
    .name = "outage",
    .help = "a server goes away; what it was doing begins anew when it is back",
    .size = sizeof(struct tdm_scenario_outage),
    .attributes = outage_attributes,
    .attribute_count = TDM_COUNT(outage_attributes),
    TDM_CHILDREN(tdm_scenario, outages, outage_count),
    .at_most = 10000};

static const struct tdm_attribute platform_attributes[] = {
    {"file", TDM_TEXT, AT(tdm_scenario_platform, file), "a SimGrid platform file",
     .required = true},
};
static const struct tdm_element platform_element = {
    .name = "platform",
    .help = "the network is a SimGrid platform; links without rates lead through it",
    .size = sizeof(struct tdm_scenario_platform),
    .attributes = platform_attributes,
    .attribute_count = TDM_COUNT(platform_attributes),
    TDM_CHILDREN(tdm_scenario, platforms, platform_count),
    .at_most = 1};

static const struct tdm_attribute objective_attributes[] = {
    {"eta", TDM_QUANTITY, AT(tdm_objective, eta),
     "weight of energy: cost = eta ETI + (1 - eta) Pmax TTI", .fallback = "0.5", .min = 0,
     .max = 1},
};
static const struct tdm_element objective_element = {
    .name = "objective",
    .help = "what counts as good",
    .size = sizeof(struct tdm_objective),
    .attributes = objective_attributes,
    .attribute_count = TDM_COUNT(objective_attributes),
    TDM_CHILDREN(tdm_scenario, objectives, objective_count),
    .at_most = 1};

static const struct tdm_attribute environment_attributes[] = {
    {"episode", TDM_INTEGER, AT(tdm_scenario_environment, episode),
     "requests of an episode; 0: all of a run", .fallback = "0", .min = 0, .max = 1e9},
    {"start", TDM_CHOICE, AT(tdm_scenario_environment, start),
     "of the runs after the first of a seed: anywhere: at any time of the scenario, so that all of "
     "its traces are seen; beginning: at 0 s",
     .choices = starts},
    {"backlog", TDM_INTEGER, AT(tdm_scenario_environment, backlog),
     "requests waiting at which a run is given up, with the worst reward; 0: none",
     .fallback = "16", .min = 0, .max = 1e9},
    {"observe", TDM_TEXT, AT(tdm_scenario_environment, observe),
     "'all', or a list of entries (tandem help environment)", .fallback = "all"},
    {"reward", TDM_NAME, AT(tdm_scenario_environment, reward),
     "of a request (tandem help environment); none: the one that a policy is made for, else cost"},
    {"alpha", TDM_QUANTITY, AT(tdm_scenario_environment, alpha), "weight of latency in it",
     .fallback = "0.1", .min = 0, .max = 1e6},
    {"beta", TDM_QUANTITY, AT(tdm_scenario_environment, beta), "weight of accuracy in it",
     .fallback = "0.1", .min = 0, .max = 1e6},
    {"temperature", TDM_QUANTITY, AT(tdm_scenario_environment, temperature),
     "of the board's sensor, that the reward 'ztt' is to stay below", .dimension = TDM_TEMPERATURE,
     .fallback = "50 degC", .min = -50, .max = 150},
    {"worst", TDM_QUANTITY, AT(tdm_scenario_environment, worst),
     "rewards below it are raised to it, so that lost requests do not drown the rest; none: -10, "
     "of "
     "autoscale -100000",
     .min = -1e9, .max = 0},
    {"thinking", TDM_CHOICE, AT(tdm_scenario_environment, thinking),
     "blocking: a request waits for its decision; concurrent: the decision on the next one is made "
     "while one runs; free: it takes no time",
     .choices = tdm_thinking_names},
    {"period", TDM_QUANTITY, AT(tdm_scenario_environment, period),
     "after which a coordinator decides for all boards (tandem help environment); none: each "
     "decides for each of its requests",
     .dimension = TDM_TIME, .min = 1e-3, .max = 1e9},
    {"think", TDM_QUANTITY, AT(tdm_scenario_environment, think),
     "that a decision takes at any clock; none: the board's figure, at the CPU clock in force",
     .dimension = TDM_TIME, .min = 0, .max = 1e3},
};
static const struct tdm_element environment_element = {
    .name = "environment",
    .help = "how policies learn in it (tandem help environment)",
    .size = sizeof(struct tdm_scenario_environment),
    .attributes = environment_attributes,
    .attribute_count = TDM_COUNT(environment_attributes),
    TDM_CHILDREN(tdm_scenario, environments, environment_count),
    .at_most = 1};

static const struct tdm_attribute scenario_attributes[] = {
    {"name", TDM_NAME, AT(tdm_scenario, name), "of the scenario", .required = true},
    {"title", TDM_TEXT, AT(tdm_scenario, title), "for people"},
    {"seed", TDM_INTEGER, AT(tdm_scenario, seed), "of everything random", .fallback = "1", .min = 1,
     .max = 1e15},
    {"duration", TDM_QUANTITY, AT(tdm_scenario, duration), "of the run", .required = true,
     .dimension = TDM_TIME, .min = 1e-6, .max = 1e9},
};
static const struct tdm_element *const scenario_children[] = {
    &board_element,     &server_element,      &link_element, &cell_element,   &fleet_element,
    &stream_element,    &load_element,        &knob_element, &outage_element, &platform_element,
    &objective_element, &environment_element, NULL};
const struct tdm_element tdm_scenario_schema = {
    .name = "scenario",
    .help = "boards, servers, links, streams and an objective",
    .size = sizeof(struct tdm_scenario),
    .attributes = scenario_attributes,
    .attribute_count = TDM_COUNT(scenario_attributes),
    .children = scenario_children};
