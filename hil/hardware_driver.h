// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The hardware driver: a board of a scenario that is one, real or virtual, behind its agent
 * (`driver="tcp://HOST:PORT"` or `"ipc:///PATH"`). Clocks are set, stages run and rests are waited
 * for there, in real time; the engine lets as much simulated time pass. Between two of its calls
 * the board idles, and that counts nowhere.
 */
#ifndef TDM_HARDWARE_DRIVER_H
#define TDM_HARDWARE_DRIVER_H

/** Adds it to the drivers that scenarios may name. Again is fine. */
void tdm_hardware_driver_add(void);

#endif
