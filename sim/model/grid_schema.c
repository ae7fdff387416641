// SPDX-License-Identifier: GPL-3.0-or-later
/* What a grid file may say. */
#include "model/grid.h"

static const char *const scales[] = {"linear", "log", NULL};

#define AT(type, field) offsetof(struct type, field)

static const struct tdm_attribute vary_attributes[] = {
    {"name", TDM_NAME, AT(tdm_grid_vary, name), "of its column; none: the attribute's"},
    {"set", TDM_TEXT, AT(tdm_grid_vary, set),
     "which attribute of the scenario: link/@trace, stream[board=nano]/@rate, @duration; of every "
     "element that this means",
     .required = true},
    {"values", TDM_TEXT, AT(tdm_grid_vary, values),
     "list, separated by commas, or by semicolons where there is one"},
    {"from", TDM_TEXT, AT(tdm_grid_vary, from), "in place of a list: the first value of a range"},
    {"to", TDM_TEXT, AT(tdm_grid_vary, to), "the last value of the range"},
    {"steps", TDM_INTEGER, AT(tdm_grid_vary, steps), "how many values the range has", .min = 2,
     .max = TDM_GRID_MOST_TASKS},
    {"scale", TDM_CHOICE, AT(tdm_grid_vary, scale), "of the range: equal steps, or equal ratios",
     .choices = scales},
};
static const struct tdm_element vary_element = {.name = "vary",
                                                .help = "an attribute and the values that it takes",
                                                .size = sizeof(struct tdm_grid_vary),
                                                .attributes = vary_attributes,
                                                .attribute_count = TDM_COUNT(vary_attributes),
                                                TDM_CHILDREN(tdm_grid, varies, vary_count),
                                                .at_most = TDM_GRID_VARIES};

static const struct tdm_attribute fix_attributes[] = {
    {"set", TDM_TEXT, AT(tdm_grid_fix, set), "which attribute of the scenario", .required = true},
    {"value", TDM_TEXT, AT(tdm_grid_fix, value), "its value; none: the attribute goes away"},
};
static const struct tdm_element fix_element = {
    .name = "fix",
    .help = "an attribute that is another than in the scenario's file, in every task",
    .size = sizeof(struct tdm_grid_fix),
    .attributes = fix_attributes,
    .attribute_count = TDM_COUNT(fix_attributes),
    TDM_CHILDREN(tdm_grid, fixes, fix_count),
    .at_most = TDM_GRID_VARIES};

static const struct tdm_attribute grid_attributes[] = {
    {"name", TDM_NAME, AT(tdm_grid, name), "of the grid", .required = true},
    {"title", TDM_TEXT, AT(tdm_grid, title), "for people"},
    {"scenario", TDM_TEXT, AT(tdm_grid, scenario), "a scenario's name, or the path of its file",
     .required = true},
    {"policies", TDM_TEXT, AT(tdm_grid, policies), "list, separated by commas", .required = true},
    {"seed", TDM_INTEGER, AT(tdm_grid, seed), "the first seed; none: the scenario's", .min = 1,
     .max = 1e15},
    {"seeds", TDM_INTEGER, AT(tdm_grid, seeds), "uses so many seeds from the first on",
     .fallback = "1", .min = 1, .max = TDM_GRID_MOST_TASKS},
};
static const struct tdm_element *const grid_children[] = {&vary_element, &fix_element, NULL};
const struct tdm_element tdm_grid_schema = {
    .name = "grid",
    .help = "one scenario in many variants, each under every policy and seed (tandem sweep)",
    .size = sizeof(struct tdm_grid),
    .attributes = grid_attributes,
    .attribute_count = TDM_COUNT(grid_attributes),
    .children = grid_children};
