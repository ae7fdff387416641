// SPDX-License-Identifier: GPL-3.0-or-later
/** The GPU's devfreq. */
#ifndef VB_DEVFREQ_H
#define VB_DEVFREQ_H

#include "hil/vboard/cpufreq.h"

/** The OPP that governor and limits lead to. */
int vb_devfreq_goal(const struct vb_machine *machine);
/** A look of the governor: `use` is the utilisation since the last one. */
void vb_devfreq_look(struct vb_machine *machine, double use);

extern const struct vb_beside vb_devfreq_files[];    /**< of the devfreq folder */
extern const struct vb_beside vb_gpu_device_files[]; /**< of the device's own */
/** userspace/set_freq is there while that governor is. */
bool vb_devfreq_userspace(const struct vb_machine *machine, const struct vb_node *node);

#endif
