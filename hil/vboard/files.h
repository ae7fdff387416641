// SPDX-License-Identifier: GPL-3.0-or-later
/** The types of single files, by subsystem. */
#ifndef VB_FILES_H
#define VB_FILES_H

#include "hil/vboard/tree.h"

// emc.c
extern const struct vb_type vb_emc_rate, vb_emc_now, vb_emc_update, vb_emc_min, vb_emc_max,
    vb_emc_lock, vb_emc_state, vb_emc_cap, vb_emc_load;
// hotplug.c
extern const struct vb_type vb_cpu_online, vb_cpu_list;
// thermal.c
extern const struct vb_type vb_zone_type, vb_zone_temp;
/** Name of a zone of the board; NULL beyond the last. */
const char *vb_zone_name(const struct vb_machine *machine, int zone);
// fan.c
extern const struct vb_type vb_fan_target, vb_fan_now, vb_fan_rpm, vb_fan_control, vb_fan_pwm,
    vb_fan_enable;
// ina3221.c
extern const struct vb_type vb_ina_rail, vb_ina_label, vb_ina_voltage, vb_ina_current, vb_ina_power,
    vb_ina_warn, vb_ina_crit, vb_ina_interval;
// nvpmodel.c
extern const struct vb_type vb_mode_status;
// identity.c: files that say what the machine is, and files that keep what is written
extern const struct vb_type vb_constant, vb_boot_id, vb_uptime, vb_flag;
// control.c
extern const struct vb_type vb_control_work, vb_control_truth, vb_control_fault, vb_control_trace;

#endif
