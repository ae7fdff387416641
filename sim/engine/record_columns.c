// SPDX-License-Identifier: GPL-3.0-or-later
/* What the arrays of a record mean. */
#include "engine/record.h"

#define OUTCOME(name, type, field, units, description) \
    { \
        name, type, offsetof(struct tdm_record_request, outcome.field), units, description \
    }
#define PLAN(name, type, field, units, description) \
    OUTCOME(name, type, plan.field, units, description)
#define ROW(name, field, units, description) \
    { \
        name, TDM_H5_DOUBLE, offsetof(struct tdm_record_request, field), units, description \
    }

const struct tdm_record_column tdm_record_requests[] = {
    OUTCOME("board", TDM_H5_INT32, board, "1", "which board: the attribute index of /boards/ID"),
    OUTCOME("stream", TDM_H5_INT32, stream, "1", "which stream: N of /streams/N"),
    OUTCOME("request", TDM_H5_UINT64, request, "1", "counts from 0 on each board"),
    OUTCOME("arrival", TDM_H5_DOUBLE, arrival, "s", "when it came, since the start of the run"),
    OUTCOME("start", TDM_H5_DOUBLE, start, "s",
            "when the board began to serve it; of a dropped request, when it was dropped"),
    OUTCOME("answer", TDM_H5_DOUBLE, answer, "s", "when it was answered; infinity: never"),
    OUTCOME("latency", TDM_H5_DOUBLE, latency, "s",
            "TTI, time to inference: from arrival to answer"),
    OUTCOME("waited", TDM_H5_DOUBLE, waited, "s", "from arrival to start"),
    OUTCOME("thinking", TDM_H5_DOUBLE, thinking, "s", "waited for the decision"),
    OUTCOME("switching", TDM_H5_DOUBLE, switching, "s", "stalled by changes of clocks"),
    OUTCOME("head", TDM_H5_DOUBLE, head, "s",
            "the network of 'first', the layers before the point, and packing what is sent"),
    OUTCOME("local", TDM_H5_DOUBLE, local, "s", "the board's share beyond the point"),
    OUTCOME("up", TDM_H5_DOUBLE, up, "s", "sending"),
    OUTCOME("remote", TDM_H5_DOUBLE, remote, "s", "on the server, its queue included"),
    OUTCOME("down", TDM_H5_DOUBLE, down, "s", "receiving"),
    OUTCOME("energy", TDM_H5_DOUBLE, energy, "J",
            "ETI, energy to inference: board_energy and radio_energy"),
    OUTCOME("board_energy", TDM_H5_DOUBLE, board_energy, "J",
            "of the board from start to answer, waiting for the server included"),
    OUTCOME("radio_energy", TDM_H5_DOUBLE, radio_energy, "J",
            "of the radio, as if each tail lasted to its end"),
    OUTCOME("server_energy", TDM_H5_DOUBLE, server_energy, "J",
            "of the server while it ran; not a number: its power is not known"),
    OUTCOME("sent", TDM_H5_DOUBLE, sent, "bytes", "sent to the server"),
    OUTCOME("received", TDM_H5_DOUBLE, received, "bytes", "received from the server"),
    OUTCOME("accuracy", TDM_H5_DOUBLE, accuracy, "1", "expected; not a number: not known"),
    OUTCOME("difficulty", TDM_H5_DOUBLE, difficulty, "1",
            "of the request, 0 to 1; not a number: those of its stream are alike"),
    OUTCOME("bandwidth", TDM_H5_DOUBLE, bandwidth, "bytes/s",
            "up, of the board's first link, as its last probe had seen when the plan was made; not "
            "a number: no link"),
    OUTCOME("cost", TDM_H5_DOUBLE, cost, "J", "eta energy + (1 - eta) Pmax latency"),
    OUTCOME("late", TDM_H5_BOOL, late, "1", "past the deadline of its stream"),
    OUTCOME("dropped", TDM_H5_BOOL, dropped, "1",
            "by its stream's rule: then only arrival and start mean anything"),
    ROW("cpu_clock", clock[TDM_CPU], "Hz", "that the plan locks; 0: left to a governor"),
    ROW("gpu_clock", clock[TDM_GPU], "Hz", "that the plan locks; 0: left to a governor"),
    ROW("emc_clock", clock[TDM_EMC], "Hz",
        "of the memory, that the plan locks; 0: it follows the GPU's clock"),
    ROW("cpu_cap", cap[TDM_CPU], "Hz", "the governor's highest clock; 0: the board's"),
    ROW("gpu_cap", cap[TDM_GPU], "Hz", "the governor's highest clock; 0: the board's"),
    ROW("emc_cap", cap[TDM_EMC], "Hz", "the highest clock of the memory; 0: the board's"),
    PLAN("governor", TDM_H5_INT32, governor, "1",
         "0 performance, 1 powersave, 2 schedutil, 3 ondemand, 4 conservative, 5 podgov; -1: the "
         "board's own"),
    PLAN("cores", TDM_H5_INT32, cores, "1", "CPU cores online; 0: all"),
    PLAN("processor", TDM_H5_INT32, processor, "1",
         "what ran the stages, counted from 0 in the attribute processors of /boards/ID"),
    PLAN("version", TDM_H5_INT32, version, "1",
         "which network ran: 0 the stream's dnn; 1…: that of the attribute dnn_N of its /streams"),
    PLAN("first", TDM_H5_INT32, first, "1",
         "which network the board ran whole before that, counted as in version; 0: none"),
    PLAN("exit", TDM_H5_INT32, exit, "1",
         "at which exit of its file the network was left, counted from 1; 0: at none"),
    PLAN("point", TDM_H5_INT32, point, "1",
         "where the dnn was cut: 0 before the first layer, else after that cut of the dnn's file"),
    PLAN("xi", TDM_H5_DOUBLE, xi, "1", "share of the channels beyond the point that was sent"),
    PLAN("bits", TDM_H5_INT32, bits, "1", "of each value that was sent"),
    PLAN("link", TDM_H5_INT32, link, "1",
         "over which link, counted from 0 in the attribute links of /boards/ID"),
    PLAN("link_share", TDM_H5_DOUBLE, link_share, "1", "of the link that was allotted; 0: all"),
    PLAN("server_share", TDM_H5_DOUBLE, server_share, "1",
         "of the server that was allotted; 0: all"),
    {0},
};

#undef ROW
#define PIECE(name, type, field, units, description) \
    { \
        name, type, offsetof(struct tdm_record_piece, field), units, description \
    }

const struct tdm_record_column tdm_record_power[] = {
    PIECE("start", TDM_H5_DOUBLE, piece.start, "s", "since the start of the run"),
    PIECE("end", TDM_H5_DOUBLE, piece.end, "s", "the next stretch begins here"),
    PIECE("fixed", TDM_H5_DOUBLE, piece.watts.fixed, "W", "that no clock changes"),
    PIECE("cpu", TDM_H5_DOUBLE, piece.watts.cpu, "W", "of the CPU"),
    PIECE("gpu", TDM_H5_DOUBLE, piece.watts.gpu, "W", "of the GPU"),
    PIECE("memory", TDM_H5_DOUBLE, piece.watts.memory, "W", "of the memory"),
    PIECE("leakage", TDM_H5_DOUBLE, piece.watts.leakage, "W", "leakage, which heat raises"),
    PIECE("temperature", TDM_H5_DOUBLE, piece.temperature, "degC", "at the start"),
    PIECE("cpu_clock", TDM_H5_DOUBLE, clock[TDM_CPU], "Hz", "in force"),
    PIECE("gpu_clock", TDM_H5_DOUBLE, clock[TDM_GPU], "Hz", "in force"),
    PIECE("emc_clock", TDM_H5_DOUBLE, clock[TDM_EMC], "Hz", "of the memory, in force"),
    PIECE(
        "stage", TDM_H5_INT32, piece.stage, "1",
        "what the board did: 0 head, 1 local, 2 packing, 3 stalled by a change of clocks, 4 rest, "
        "5 thinking, 6 the network of 'first'"),
    PIECE("request", TDM_H5_INT64, piece.request, "1",
          "the last request that had begun; -1: none yet"),
    {0},
};

#define RADIO(name, field, units, description) \
    { \
        name, TDM_H5_DOUBLE, offsetof(struct tdm_radio_piece, field), units, description \
    }

const struct tdm_record_column tdm_record_radio[] = {
    RADIO("start", start, "s", "since the start of the run"),
    RADIO("end", end, "s", "the radio draws nothing from here to the next stretch"),
    RADIO("watts", watts, "W", "of the radio: promotion, transfer or tail"),
    {0},
};
