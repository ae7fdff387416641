// SPDX-License-Identifier: GPL-3.0-or-later
// The topics of `tandem help`. They print the program's own tables wherever there is one.
#include <string.h>

#include "cli/help_parts.h"
#include "cli/json_keys.h"
#include "core/table.h"
#include "core/units.h"
#include "engine/arrivals.h"
#include "engine/driver.h"
#include "engine/engine.h"
#include "engine/governor.h"
#include "engine/record.h"
#include "model/board.h"
#include "model/dnn.h"
#include "model/grid.h"
#include "model/radio.h"
#include "model/scenario.h"
#include "model/server.h"
#include "policies/policy.h"
#include "trace/format.h"
#include "trace/generate.h"

static const char *const no_titles[] = {"", "", NULL};

static void paragraph(FILE *stream, const char *text, int width)
{
    tdm_text_wrap(stream, text, 0, 0, width);
}

// ---- files -------------------------------------------------------------------------------------

static const struct tdm_element *const schemas[] = {&tdm_scenario_schema, &tdm_board_schema,
                                                    &tdm_dnn_schema,      &tdm_server_schema,
                                                    &tdm_radio_schema,    &tdm_grid_schema};

const char *tdm_topic_schema_name(unsigned index)
{
    return index < TDM_COUNT(schemas) ? schemas[index]->name : NULL;
}

const struct tdm_element *tdm_topic_schema(const char *name)
{
    for (size_t i = 0; i < TDM_COUNT(schemas); i++)
        if (strcmp(schemas[i]->name, name) == 0)
            return schemas[i];
    return NULL;
}

static void file_help(const struct tdm_element *schema, FILE *stream)
{
    tdm_schema_help(schema, stream);
    fprintf(stream, "\nExamples: platforms/%ss\n", schema->name);
    fprintf(stream, "For editors: tandem help --schema %s > %s.rng (RELAX NG)\n", schema->name,
            schema->name);
}

static void help_scenario(FILE *stream, int width)
{
    (void)width;
    file_help(&tdm_scenario_schema, stream);
}

static void help_grid(FILE *stream, int width)
{
    file_help(&tdm_grid_schema, stream);
    paragraph(
        stream,
        "\nThe tasks are all combinations of the values with all policies and seeds, numbered "
        "from 1; seeds change fastest, then policies, then the last <vary>. What 'set' means "
        "is looked up in the scenario's file as it is: elements from the root down, each "
        "with a filter or without, and an attribute. It is replaced there, or added.",
        width);
}

static void help_board(FILE *stream, int width)
{
    (void)width;
    file_help(&tdm_board_schema, stream);
}

static void help_dnn(FILE *stream, int width)
{
    (void)width;
    file_help(&tdm_dnn_schema, stream);
}

static void help_server(FILE *stream, int width)
{
    (void)width;
    file_help(&tdm_server_schema, stream);
}

static void help_radio(FILE *stream, int width)
{
    (void)width;
    file_help(&tdm_radio_schema, stream);
}

// ---- numbers -----------------------------------------------------------------------------------

static void help_units(FILE *stream, int width)
{
    static const char *const names[TDM_DIMENSIONS] = {
        [TDM_PLAIN] = "bare number",
        [TDM_SHARE] = "share",
        [TDM_TIME] = "time",
        [TDM_FREQUENCY] = "frequency",
        [TDM_RATE] = "rate of events",
        [TDM_VOLTAGE] = "voltage",
        [TDM_POWER] = "power",
        [TDM_ENERGY] = "energy",
        [TDM_SIZE] = "size",
        [TDM_BANDWIDTH] = "bandwidth",
        [TDM_TEMPERATURE] = "temperature",
        [TDM_SIGNAL] = "signal strength",
        [TDM_COMPUTE] = "compute",
        [TDM_RADIO_SLOPE] = "radio power by rate",
        [TDM_HEAT_RESISTANCE] = "heat resistance",
        [TDM_HEAT_CAPACITY] = "heat capacity",
        [TDM_PER_KELVIN] = "per kelvin",
    };
    struct tdm_table table;
    char units[256];
    paragraph(stream,
              "Numbers in files carry a unit, as in rtt=\"40 ms\". Inside the program, in records "
              "and in JSON they are in SI.\n",
              width);
    tdm_table_start(&table, (const char *const[]){"of", "like", "inside", "units", NULL});
    for (enum tdm_dimension d = 0; d < TDM_DIMENSIONS; d++) {
        tdm_dimension_units(d, units, sizeof units);
        tdm_table_add(&table, "%s", names[d]);
        tdm_table_add(&table, "%s", tdm_dimension_example(d));
        tdm_table_add(&table, "%s", d == TDM_PLAIN ? "" : tdm_dimension_unit(d));
        tdm_table_add(&table, "%s%s", *units ? units : "none", d == TDM_SHARE ? ", or none" : "");
    }
    tdm_table_print(&table, stream, 0, width);
    paragraph(stream, "\nk, M and G are decimal; Ki, Mi and Gi binary. 1 MAC is 2 FLOP.", width);
}

static void help_measurements(FILE *stream, int width)
{
    static const struct {
        const char *column, *unit, *meaning;
    } columns[] = {
        {"board", "", "which board; rows of another are left out"},
        {"dnn", "", "what ran"},
        {"mode", "", "infer (one inference) or train (one minibatch)"},
        {"precision", "", "fp32, fp16, bf16, int8, mixed, or unstated"},
        {"batch", "", "samples a run"},
        {"power_rails", "", "which rails the power covers, joined by +; empty: no power"},
        {"cpu_hz", "Hz", "clock; empty: the kernel governed it"},
        {"gpu_hz", "Hz", "clock; empty: the kernel governed it"},
        {"emc_hz", "Hz", "memory clock; empty: it followed the GPU's by the floor table"},
        {"latency_s", "s", "of a run"},
        {"period_s", "s", "from run to run, idle in between; empty: the latency"},
        {"power_w", "W", "mean over the period; empty: latency alone is fitted"},
        {"energy_j", "J", "of a period; empty: power times period"},
    };
    struct tdm_table table;
    paragraph(stream,
              "What 'tandem calibrate' and 'tandem predict' read: CSV with a line of titles, a row "
              "a setting. Columns come in any order; power_rails, period_s, power_w and energy_j "
              "may be absent.\n",
              width);
    tdm_table_start(&table, (const char *const[]){"column", "unit", "what it holds", NULL});
    for (size_t i = 0; i < TDM_COUNT(columns); i++) {
        tdm_table_add(&table, "%s", columns[i].column);
        tdm_table_add(&table, "%s", columns[i].unit);
        tdm_table_add(&table, "%s", columns[i].meaning);
    }
    tdm_table_print(&table, stream, 0, width);
    paragraph(stream,
              "\nA fit belongs to (dnn, mode, precision, batch) and needs at least 3 settings of "
              "the clocks. Bad rows are named by line and left out.",
              width);
}

static void help_models(FILE *stream, int width)
{
    paragraph(
        stream,
        "How long a run of a network takes, and what the board draws. The coefficients are in "
        "<fit>, <latency> and <power> of a board's file (tandem help board).\n"
        "\n"
        "Latency, with c = CPU clock - cpu-lost, g = GPU clock - gpu-lost, w = bandwidth of the "
        "memory's OPP, and sn(x, y; n) = (x^n + y^n)^(1/n):\n"
        "  device  D = serial/g + sn(compute/g, traffic/w; overlap)\n"
        "              + bound sn(1/w, ridge/g; ridge-sharpness) + fixed\n"
        "  host    C = launch/c + launch-traffic/w\n"
        "  total   T = sn(C, D; concurrency) + host/c\n"
        "A stage gets its share of the whole: layers by their part in the same form.\n"
        "\n"
        "Power, with c, g, m the clocks over their top ones, V the voltages over the lowest:\n"
        "  cpu      c Vc^2 (cpu-clock + cpu-spin (1 - C/T)) + cpu-energy/T Vc^2\n"
        "  gpu      g Vg^2 (gpu-clock + gpu-busy D/T) + gpu-energy/T Vg^2\n"
        "  memory   memory-idle + memory-energy/T m^memory-exponent (1 + memory-voltage (Vg^2 - "
        "1))\n"
        "  leakage  leakage Vg^2 exp(a (temperature - reference))\n"
        "  fixed    fixed\n"
        "Idle is the same with nothing running. Co-runners add their share of cpu-busy "
        "and memory-busy; on the GPU they draw what the board's own network does there.\n"
        "\n"
        "Heat: temperature moves towards ambient + resistance * power with the time constant "
        "resistance * capacity; above a trip, clocks are capped.\n"
        "Cost of a request: eta ETI + (1 - eta) Pmax TTI, with ETI its energy and TTI its time.",
        width);
}

// ---- families ----------------------------------------------------------------------------------

static void help_traces(FILE *stream, int width)
{
    struct tdm_table table;
    paragraph(stream,
              "A trace is a link over time: up and down rates, round-trip time, signal strength. A "
              "scenario's link names a sample (tandem trace list) or a file in any of these "
              "formats:\n",
              width);
    tdm_table_start(
        &table, (const char *const[]){"format", "files", "reads", "writes", "what it is", NULL});
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++) {
        tdm_table_add(&table, "%s", (*f)->name);
        tdm_table_add(&table, "%s", *(*f)->extensions ? (*f)->extensions : "any");
        tdm_table_add(&table, "%s", (*f)->read ? "yes" : "no");
        tdm_table_add(&table, "%s", (*f)->write ? "yes" : "no");
        tdm_table_add(&table, "%s", (*f)->summary);
    }
    tdm_table_print(&table, stream, 2, width);
    paragraph(
        stream,
        "\nA generic CSV has columns for time, up, down, rtt and signal, as far as they are "
        "known. Their titles end in the unit: time_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm. "
        "Other titles are named by --column PART=TITLE:UNIT. Columns that are none of these "
        "are passed over.\n\nClasses of links that 'tandem trace generate' makes:",
        width);
    tdm_table_start(&table, no_titles);
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++) {
        tdm_table_add(&table, "%s", c->name);
        tdm_table_add(&table, "%s", c->summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_difficulty(FILE *stream, int width)
{
    paragraph(
        stream,
        "How hard a request is, where a <stream> has difficulty=\"S\" above 0. A request's "
        "difficulty d is its rank among all, spread evenly over 0 (the easiest) to 1; it is drawn "
        "by the run's seed and the request's number, so every policy meets the same ones. A "
        "network of accuracy A then answers it rightly with probability\n"
        "  (1 - S) A + S (1 - d^(A/(1 - A)))\n"
        "which is A in the mean, falls with d, and is higher for the better of two networks. S is "
        "the share of requests whose difficulty can be told from the input at all: of the others, "
        "d says nothing. The form and S are assumed: no network's were measured. Without "
        "difficulty, each request's accuracy is A.\n"
        "\n"
        "A run's outcomes have d, and the expected accuracy at it. So does what policies see: the "
        "state's 'difficulty'. In truth a network must have run on the input to tell, and a plan's "
        "'first' lets the board run one before anything else, and pay for it, as appealnet does. "
        "Environments do not show it.",
        width);
}

static void help_exits(FILE *stream, int width)
{
    paragraph(
        stream,
        "A network may be left early. Its file says where: an <exit> hangs at a cut, and its "
        "branch answers from the tensor that crosses there, in place of all layers beyond "
        "(tandem dnn show NAME; tandem help dnn). How often that is right, its <accuracy "
        "exit=\"NAME\"> says.\n"
        "\n"
        "<knobs exit=\"all\"> or a list frees them. A plan with an exit runs the layers before it, "
        "which cost what they cost within the whole, and the branch; with a cut before the exit, "
        "the server runs what is left up to there, and the branch. Cuts beyond the exit are never "
        "come to. Meanwhile the board draws what it draws for the whole, which is assumed.\n"
        "\n"
        "Exits are chosen by plans, not by how sure a branch is of its answer: the accuracy of a "
        "request is what the table expects. To leave early always costs less, so the oracle "
        "leaves out what is expected below the <stream accuracy> that is needed, and with "
        "none the first exit is its answer to everything; 'sac-d' weighs one against the other.\n"
        "\n"
        "Boards behind an agent take part of the network's work for it, as for any stage. Under "
        "'live:' the exit of a network that was split with one really answers, where the plan "
        "sends nothing.",
        width);
}

static void help_governors(FILE *stream, int width)
{
    struct tdm_table table;
    paragraph(stream,
              "A governor sets a clock that no plan locks; it looks at the utilisation once a "
              "period (tandem board show), also in the middle of a request.\n",
              width);
    tdm_table_start(&table, no_titles);
    for (int g = 0; g < TDM_GOVERNORS; g++) {
        const struct tdm_governor_type *type = tdm_governors[g];
        tdm_table_add(&table, "%s", tdm_governor_names[g]);
        tdm_table_add(&table, "%s",
                      type ? type->summary
                           : "emc: at least what the board's floor table says for "
                             "the GPU clock");
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_policies(FILE *stream, int width)
{
    paragraph(stream,
              "A policy decides, for each request, the clocks, where the network is cut and what "
              "is sent. It is named NAME or NAME:ARGUMENT.",
              width);
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++) {
        fprintf(stream, "\n%s: %s\n  ", (*type)->name, (*type)->summary);
        tdm_text_wrap(stream, (*type)->help, 2, 2, width);
    }
}

static void help_engines(FILE *stream, int width)
{
    struct tdm_table table;
    paragraph(stream, "An engine is how time passes: run --engine URI.\n", width);
    tdm_table_start(&table, no_titles);
    for (const struct tdm_engine_type *const *type = tdm_engine_types; *type; type++) {
        tdm_table_add(&table, "%s:", (*type)->scheme);
        tdm_table_add(&table, "%s", (*type)->summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_platforms(FILE *stream, int width)
{
    static const struct {
        const char *what, *how;
    } rows[] = {
        {"clusters: flat, with a backbone, torus, fat tree, dragonfly", "yes; put into a <zone>"},
        {"zones Full, Floyd, Dijkstra, Vivaldi; zones in zones, bypasses", "yes"},
        {"<peer>, <cabinet>, split-duplex and fat-pipe links", "yes"},
        {"bandwidth_file, latency_file", "followed; policies see them once a second"},
        {"state_file of a link", "what it carries is lost, and sent again every 0.1 s"},
        {"state_file of a host", "refused if a board or a server stands there as it goes off"},
        {"bandwidths of 0 in a file or profile", "refused: SimGrid goes on at the rate before"},
        {"<config>, speeds, cores, disks, actors' properties", "do not count"},
        {"Wi-Fi zones", "refused: only a program can say how fast stations are"},
        {"zones None, hosts without a route between them", "refused"},
        {"files of SimGrid 3.12 and before, <include>", "refused, by SimGrid"},
        {"what takes SimGrid a minute, or a quarter of the memory", "refused"},
    };
    struct tdm_table table;
    paragraph(stream,
              "<platform file=\"…\"/> of a scenario makes a SimGrid platform file the network: "
              "boards and servers stand on its hosts (host=\"…\"), and a <link> between two of "
              "them without rates leads through it. A lone transfer takes the latency of its route "
              "and its bytes over the narrowest link; those that meet share, as SimGrid says.\n",
              width);
    tdm_table_start(&table, (const char *const[]){"in the file", "", NULL});
    for (size_t i = 0; i < TDM_COUNT(rows); i++) {
        tdm_table_add(&table, "%s", rows[i].what);
        tdm_table_add(&table, "%s", rows[i].how);
    }
    tdm_table_print(&table, stream, 2, width);
    paragraph(
        stream,
        "\nAll examples/platforms of SimGrid 3.32 run, with 3.32 and 4.0, but for faulty_host.xml "
        "and small_platform_routing_none.xml (no routes), two_hosts_profiles.xml and "
        "two_hosts_platform_with_availability_included.xml (hosts go off), wifi.xml and "
        "wifi_energy.xml. In cloud.xml, prop.xml and wifi_ns3.xml some hosts have no route "
        "between them; wifi_ns3.xml counts its wire alone.\n\n"
        "The other way round, 'tandem export simgrid SCENARIO' writes a scenario as a "
        "platform for SimGrid programs. A board's host has a pstate for each GPU clock, and "
        "ID@cpu one for each of the CPU's. Together they draw what the board does while its "
        "CPU is at the top clock, its memory where the floor table says (tandem board show), "
        "its heat left out and nothing else running; at other clocks, and of shares of the "
        "channels, SimGrid's energy plug-in cannot speak.",
        width);
}

static void help_contention(FILE *stream, int width)
{
    paragraph(
        stream,
        "Boards share cells, servers and the links of a <platform>. 'simgrid:' is the engine for "
        "that, and the default of run and compare where anything is shared; under 'analytic:' each "
        "board has all of it to itself.\n"
        "\n"
        "A board's link has its own rate, which nobody else uses. With cell=\"ID\" its transfers "
        "go through that <cell>, too, and through the cells around it (inside=\"ID\"): an access "
        "point in a backhaul. Each transfer has what is left to it on the narrowest of them, from "
        "moment to moment, as traces change and others come and go.",
        width);
    struct tdm_table table;
    tdm_table_start(&table, no_titles);
    static const char *const rows[][2] = {
        {"fairness=\"equal\"", "max-min fair: all have the same, and what one cannot use, because "
                               "another link on its way "
                               "is narrower, the others get. Round trips do not matter. Of a "
                               "backhaul of 10 with cells of "
                               "4 (two boards) and 20 (one), they have 2, 2 and 6. The default"},
        {"fairness=\"rtt\"",
         "the same, weighted by one over the round trip, as long TCP transfers share: 20 ms has "
         "three times what 60 ms has. Cells inside each other have the same fairness"},
        {"duplex=\"half\"", "both directions share one rate, as on Wi-Fi; else each has its own"},
        {"boards=\"N\"", "a cell takes N links; the next N are in another one like it"},
    };
    for (size_t i = 0; i < TDM_COUNT(rows); i++) {
        tdm_table_add(&table, "%s", rows[i][0]);
        tdm_table_add(&table, "%s", rows[i][1]);
    }
    tdm_table_print(&table, stream, 2, width);
    paragraph(
        stream,
        "\nA board sends its own requests one after the other; answers share its link. A server "
        "serves in slots, in the order of arrival over all boards (discipline=\"fifo\"), or shares "
        "itself: of n requests each goes on at min(1, slots/n) of its speed (\"shares\"). What an "
        "outage breaks off begins anew.\n"
        "\n"
        "With <platform file=\"…\"/>, links without rates between a board and a server that have a "
        "'host' lead through a SimGrid platform, and share as SimGrid does: by round trips.\n"
        "\n"
        "simgrid:flows makes every transfer a flow, also where nobody else is on the way (to "
        "compare with analytic:); simgrid:energy runs SimGrid's energy plug-in beside our meters.\n"
        "\n"
        "Not modelled: packets, losses and queues in the network, so no delay from full buffers; "
        "slow start in competition (cold=\"yes\" counts it as if alone); radio conditions of a "
        "station that slow down others. A rate of zero holds transfers up until it is over.",
        width);
}

static void help_drivers(FILE *stream, int width)
{
    struct tdm_table table;
    paragraph(stream,
              "A driver is what answers for a board: driver=\"URI\" of a scenario's <board>.\n",
              width);
    tdm_table_start(&table, no_titles);
    for (const struct tdm_driver_type **type = tdm_driver_types; *type; type++) {
        tdm_table_add(&table, "%s:", (*type)->scheme);
        tdm_table_add(&table, "%s", (*type)->summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_arrivals(FILE *stream, int width)
{
    struct tdm_table table;
    paragraph(stream, "When requests come: arrivals=\"…\" of a scenario's <stream>.\n", width);
    tdm_table_start(&table, no_titles);
    for (int a = 0; tdm_arrival_names[a]; a++) {
        tdm_table_add(&table, "%s", tdm_arrival_types[a].name);
        tdm_table_add(&table, "%s", tdm_arrival_types[a].summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_json(FILE *stream, int width)
{
    struct tdm_table table = {0};
    paragraph(stream,
              "Numbers are in the unit that their key ends with; null is not known. What 'show "
              "--json' of board, dnn, server and radio print has the names of their files "
              "(tandem help board), in SI units.",
              width);
    for (const struct tdm_json_key *key = tdm_json_keys; key->key; key++) {
        const bool first = key == tdm_json_keys || strcmp(key->where, key[-1].where) != 0;
        const bool last = !key[1].key || strcmp(key->where, key[1].where) != 0;
        if (first) {
            fprintf(stream, "\n%s\n", key->where);
            tdm_table_start(&table, (const char *const[]){"key", "unit", "what it is", NULL});
        }
        tdm_table_add(&table, "%s", key->key);
        tdm_table_add(&table, "%s", key->unit);
        tdm_table_add(&table, "%s", key->meaning);
        if (last)
            tdm_table_print(&table, stream, 2, width);
    }
}

static void record_columns(const struct tdm_record_column *columns, const char *title, FILE *stream,
                           int width)
{
    struct tdm_table table;
    fprintf(stream, "\n%s\n", title);
    tdm_table_start(&table, (const char *const[]){"array", "unit", "what it is", NULL});
    for (; columns->name; columns++) {
        tdm_table_add(&table, "%s", columns->name);
        tdm_table_add(&table, "%s", columns->units);
        tdm_table_add(&table, "%s", columns->description);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void help_record(FILE *stream, int width)
{
    paragraph(stream,
              "A record is what 'tandem run -o FILE' writes: HDF5, for h5dump, h5py and others. It "
              "appears when the run is over, and is whole. Attributes of the root hold the "
              "scenario's text, engine, policy, seed and versions; those of /boards/ID and "
              "/streams/N say what they were. The same inputs and seed give the same bytes in "
              "every array.",
              width);
    record_columns(tdm_record_requests, "/requests: one row an answer", stream, width);
    record_columns(tdm_record_power, "/boards/ID/power: stretches of constant power", stream,
                   width);
    record_columns(tdm_record_radio, "/boards/ID/radio/N: the same of the radio of link N", stream,
                   width);
    paragraph(stream,
              "\n/boards/ID/rails/RAIL: W of each rail over the stretches of /boards/ID/power\n"
              "/summary: the figures of 'tandem run --json' as attributes\n"
              "/sweep, of a run in a sweep: attributes grid, title and task; /sweep/NAME, of what "
              "is varied: value (as written), number and units (SI), set (the path)\n"
              "\n'tandem merge' makes a table of a sweep's records: /runs/COLUMN has a row a run "
              "(task, seed, policy, each NAME as text and as NAME_number, each figure of "
              "/summary), and /links/TASK leads to the record.",
              width);
}

const struct tdm_topic tdm_topics[] = {
    {"scenario", "what a scenario file may say", help_scenario},
    {"grid", "what a grid of a sweep may say", help_grid},
    {"board", "what a board file may say", help_board},
    {"dnn", "what a network's file may say", help_dnn},
    {"server", "what a server file may say", help_server},
    {"radio", "what a radio file may say", help_radio},
    {"units", "units that numbers may carry", help_units},
    {"models", "the forms of latency, power, heat and cost", help_models},
    {"measurements", "columns that calibrate and predict read", help_measurements},
    {"traces", "formats and kinds of links", help_traces},
    {"arrivals", "when requests come", help_arrivals},
    {"policies", "what each policy does, and its argument", help_policies},
    {"environment", "how policies learn in a scenario: observations, actions, rewards",
     tdm_help_environment},
    {"learning", "how 'tandem train' goes, and the settings of learners", tdm_help_learning},
    {"difficulty", "how hard requests are, and what that does to accuracy", help_difficulty},
    {"exits", "leaving networks early: what it costs, and who may", help_exits},
    {"governors", "what sets clocks that no plan locks", help_governors},
    {"engines", "how time passes", help_engines},
    {"contention", "what boards share, and how", help_contention},
    {"platforms", "SimGrid platform files as the network, and from scenarios", help_platforms},
    {"drivers", "what answers for a board", help_drivers},
    {"record", "what a run's record holds", help_record},
    {"json", "every key of --json", help_json},
    {NULL, NULL, NULL},
};
