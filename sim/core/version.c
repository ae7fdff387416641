// SPDX-License-Identifier: GPL-3.0-or-later
#include "tandem.h"

const char *tdm_version(void)
{
    return TANDEM_VERSION;
}
