// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef TDM_WIRE_TEXT_H
#define TDM_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Copies a text from outside (NULL: empty) that is for people and logs. False where it does not
 * fit, or holds what moves a terminal's cursor: control characters, also those that UTF-8 writes
 * with two bytes (C1).
 */
bool tdm_wire_text(char *into, size_t size, const char *text);

#endif
