// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The kernel's files below a root folder: "/" on a board, a virtual board's folder elsewhere. Paths
 * are as the board has them ("/sys/…"). Nothing outside of the root is ever opened: symbolic links
 * are followed as if the root were "/". To read, the kernel does that (openat2's RESOLVE_IN_ROOT);
 * to write, and on JetPack 4, whose kernel 4.9 has no such call, they are followed here, one by
 * one.
 */
#ifndef TDM_BOARD_TREE_H
#define TDM_BOARD_TREE_H

#include <stddef.h>

#include "core/error.h"

enum {
    TDM_TREE_PATH = 512,  /**< bytes of a path, its '\0' included */
    TDM_TREE_TEXT = 4096, /**< of a file; the kernel's own limit is a page */
    TDM_TREE_MATCHES = 256,
};

struct tdm_tree;

/** The caller closes it. NULL with `error`: there is no such folder. */
struct tdm_tree *tdm_tree_open(const char *root, struct tdm_error *error);
void tdm_tree_close(struct tdm_tree *tree);

/** From now on every link is followed here, as on a kernel without openat2; for tests. */
void tdm_tree_walk(struct tdm_tree *tree);

/** As it was given, without a '/' at its end ("" for "/"); valid as long as the tree. */
const char *tdm_tree_root(const struct tdm_tree *tree);

/**
 * Reads at most `size` - 1 bytes of a regular file, and ends them with '\0'. Returns how many, or
 * -errno.
 */
int tdm_tree_read_bytes(const struct tdm_tree *tree, const char *path, char *bytes, size_t size);

/**
 * Reads a file that holds one line of text, without its last newline and blanks. Returns its
 * length; -EBADMSG: not a line of printable ASCII, or longer than `size`; else -errno.
 */
int tdm_tree_read(const struct tdm_tree *tree, const char *path, char *text, size_t size);

/**
 * Writes `text` and a newline at once, as a shell's echo does. The file must be one that `pattern`
 * allows: `path` matches it, and, once all links are followed, still does; only below /sys/class/
 * and /sys/bus/, where the kernel keeps links, the file may lie elsewhere in /sys/devices, under
 * the same name. 0, -EPERM where that is not so, else -errno.
 */
int tdm_tree_write(const struct tdm_tree *tree, const char *path, const char *pattern,
                   const char *text);

/**
 * Calls `visit` with each path that `pattern` means ('*' stands for part of one name; files that
 * are not there are left out), numbers in rising order: policy2 before policy10. Stops where
 * `visit` answers other than 0, and returns that.
 */
int tdm_tree_match(const struct tdm_tree *tree, const char *pattern,
                   int (*visit)(void *context, const char *path), void *context);

#endif
