// SPDX-License-Identifier: GPL-3.0-or-later
/** The file tree of a virtual board: folders, files of a type, symbolic links. */
#ifndef VB_TREE_H
#define VB_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct vb_machine;
struct vb_node;

/** What a kernel file answers. Called with the machine locked and at the present time. */
struct vb_type {
    const char *name;
    mode_t mode; /**< 0444, 0644, …: even root is refused (EACCES) what no bit allows */
    /** Writes what a read gives, at most `size` bytes. Its length, or -errno. */
    int (*show)(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size);
    /** Takes a written text, its last newline cut off. 0, or -errno. */
    int (*store)(struct vb_machine *machine, const struct vb_node *node, const char *text);
    /** s that a read takes before it answers (a conversion); NULL: none. */
    double (*takes)(const struct vb_machine *machine, const struct vb_node *node);
};

struct vb_node {
    char *name, *path;          /**< path from the root, "" for the root itself */
    const struct vb_type *type; /**< NULL for folders and links */
    char *target;               /**< of a link; else NULL */
    int index, part;            /**< which policy, CPU, zone, sensor; which channel */
    const void *data;           /**< for types that need more; not owned */
    /** NULL: always there. */
    bool (*present)(const struct vb_machine *machine, const struct vb_node *node);
    struct vb_node *parent, *children, *next;
};

struct vb_node *vb_tree_new(void);
void vb_tree_free(struct vb_node *root);

/** The node at `path` ("/sys/…"), made with its parents if it is new. NULL without memory. */
struct vb_node *vb_tree_add(struct vb_node *root, const char *path, const struct vb_type *type,
                            int index, int part);
/** A symbolic link at `path`; `target` as readlink gives it. */
struct vb_node *vb_tree_link(struct vb_node *root, const char *path, const char *target);

/** The node at `path`, whether present or not; links are not followed. NULL: no such file. */
struct vb_node *vb_tree_find(const struct vb_node *root, const char *path);

/** False if it, or a folder above it, is not there at present. */
bool vb_node_present(const struct vb_machine *machine, const struct vb_node *node);

/** Calls `visit` with every node, parents first. */
void vb_tree_visit(struct vb_node *root, void (*visit)(void *context, struct vb_node *node),
                   void *context);

#endif
