// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/rails.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hil/board/timely.h"

enum { SUM_OF_SHUNTS = 7, ATTEMPTS = 3 };
static const char carrier[] = "VDD_MUX";
static const double patience = 0.5; // s

// The channel in "rail_name_2" or "in2_label"; -1 in what has none.
static int channel_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *digits = strpbrk(name, "0123456789");
    return digits ? (int)strtol(digits, NULL, 10) : -1;
}

// The file of a channel beside its label, if the board's map has it.
static bool find(const struct tdm_hw *hw, const char *knob, const struct tdm_spot *label,
                 struct tdm_spot *spot)
{
    struct tdm_spot spots[TDM_SPOTS];
    const size_t folder = (size_t)(strrchr(label->path, '/') - label->path) + 1;
    const size_t count = tdm_hw_spots(hw, knob, spots);
    for (size_t i = 0; i < count; i++)
        if (strncmp(spots[i].path, label->path, folder) == 0 &&
            channel_of(spots[i].path) == channel_of(label->path)) {
            *spot = spots[i];
            return true;
        }
    return false;
}

static const struct tdm_rail *known(const struct tdm_hw *hw, const char *label)
{
    const struct tdm_board *board = tdm_hw_board(hw);
    for (size_t i = 0; i < board->rail_count; i++)
        if (strcmp(board->rails[i].name, label) == 0)
            return &board->rails[i];
    return NULL;
}

static bool look_at(struct tdm_hw *hw, const struct tdm_spot *label, struct tdm_rail_spot *rail)
{
    char name[TDM_KNOB_TEXT];
    const bool hwmon = strstr(label->path, "/hwmon/") != NULL;
    *rail = (struct tdm_rail_spot){.chip = 0};
    if ((hwmon && channel_of(label->path) == SUM_OF_SHUNTS) ||
        tdm_timely_text(hw, label, name, patience) <= 0 || strlen(name) >= sizeof rail->label ||
        strcmp(name, "NC") == 0)
        return false;
    memcpy(rail->label, name, strlen(name) + 1);
    rail->rail = known(hw, rail->label);
    rail->total = (rail->rail && rail->rail->total) || strcmp(rail->label, carrier) == 0;
    rail->chip = (size_t)(strrchr(label->path, '/') - label->path);
    if (find(hw, "power", label, &rail->power))
        return true;
    rail->product = true;
    return find(hw, "power-voltage", label, &rail->voltage) &&
           find(hw, "power-current", label, &rail->current);
}

size_t tdm_rails_find(struct tdm_hw *hw, struct tdm_rail_spot *rails)
{
    struct tdm_spot labels[TDM_SPOTS];
    const size_t labelled = tdm_hw_spots(hw, "power-label", labels);
    size_t count = 0;
    for (size_t i = 0; i < labelled && count < TDM_RAILS; i++)
        if (look_at(hw, &labels[i], &rails[count]))
            count++;
    return count;
}

bool tdm_rails_whole(const struct tdm_hw *hw, const struct tdm_rail_spot *rails, size_t count,
                     char *text, size_t size)
{
    const struct tdm_board *board = tdm_hw_board(hw);
    for (size_t i = 0; i < board->rail_count; i++) {
        bool found = !board->rails[i].total;
        for (size_t k = 0; k < count; k++)
            found = found || rails[k].rail == &board->rails[i];
        if (!found) {
            snprintf(text, size, "the rail %s is missing", board->rails[i].name);
            return false;
        }
    }
    size_t length = 0;
    text[0] = '\0';
    for (size_t k = 0; k < count && length < size; k++)
        if (rails[k].total)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? "+" : "",
                                       rails[k].label);
    return length > 0;
}

// The driver of JetPack 4 gives up with EAGAIN where a conversion was not ready in time.
static int number(const struct tdm_hw *hw, const struct tdm_spot *spot, double *value)
{
    int result = -EAGAIN;
    for (int i = 0; i < ATTEMPTS && result == -EAGAIN; i++)
        result = tdm_hw_number(hw, spot, value);
    return result;
}

int tdm_rail_read(const struct tdm_hw *hw, const struct tdm_rail_spot *rail, double *watts)
{
    double volts, amperes;
    int result;
    if (!rail->product)
        return number(hw, &rail->power, watts);
    result = number(hw, &rail->voltage, &volts);
    if (result == 0)
        result = number(hw, &rail->current, &amperes);
    if (result == 0)
        *watts = volts * amperes;
    return result;
}
