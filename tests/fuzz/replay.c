// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A main() for the fuzzers of this folder where there is no libFuzzer: reads every file of the
 * folders (and every file) named on the command line once.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    exit(1);
}

static void replay_file(const char *path, size_t size)
{
    // An allocation of exactly the size: a sanitizer sees one byte read too many.
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    if (!data || !file || fread(data, 1, size, file) != size)
        fail(path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

/** Returns how many files were read. */
static unsigned replay(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        fail(path);
    if (!S_ISDIR(status.st_mode)) {
        replay_file(path, (size_t)status.st_size);
        return 1;
    }
    DIR *folder = opendir(path);
    if (!folder)
        fail(path);
    unsigned files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        files += replay(inner);
    }
    closedir(folder);
    return files;
}

int main(int argc, char **argv)
{
    unsigned files = 0;
    for (int i = 1; i < argc; i++)
        files += replay(argv[i]);
    printf("%u inputs read\n", files);
    // An empty corpus tests nothing, and says so.
    return files ? 0 : 1;
}
