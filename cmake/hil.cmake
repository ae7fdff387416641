# SPDX-License-Identifier: GPL-3.0-or-later
# What runs on a board. Built from the agent's part alone, so that it needs no more there than here.

include(hil/agent.cmake)
add_executable(tandem-guardian hil/guardian/main.c ${agent_sources})
target_link_libraries(tandem-guardian PRIVATE tandem_flags PkgConfig::EXPAT Threads::Threads m)
