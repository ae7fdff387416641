// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil keys: a pair of keys for a board or a server.
#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/options.h"
#include "cli/output.h"

#ifdef TANDEM_CLOUD
#include "hil/keys/keys.h"

static int make(const char *path, struct tdm_error *error)
{
    struct tdm_keys keys;
    if (tdm_keys_make(&keys, error) || tdm_keys_write(&keys, path, error))
        return tdm_cli_fail("hil keys", error, TDM_EXIT_FAILED);
    printf("%s\n", keys.public_key);
    return TDM_EXIT_DONE;
}
#else
static int make(const char *path, struct tdm_error *error)
{
    tdm_fail(error, "%.128s: this program was built without ZeroMQ and protobuf-c", path);
    return tdm_cli_fail("hil keys", error, TDM_EXIT_FAILED);
}
#endif

int tdm_hil_keys(int argc, char **argv)
{
    const char *path;
    struct tdm_error error = {0};
    const struct tdm_usage usage = {
        "hil keys", "FILE",
        "Makes a pair of keys: FILE, which stays where it is and which its owner alone can read, "
        "and "
        "FILE.pub, its public half, for others. Prints the public key: as a line of a server's "
        "list (tandem-cloud --known) it lets in who has FILE.",
        NULL, 0};
    const int count = tdm_options_read(&usage, argc, argv, &path, 1, 1);
    return count < 0 ? tdm_options_exit(count) : make(path, &error);
}
