// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/vboard/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vb_node *new_node(struct vb_node *parent, const char *name, size_t length)
{
    struct vb_node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    const char *above = parent ? parent->path : "";
    const size_t size = strlen(above) + length + 2;
    node->name = strndup(name, length);
    node->path = malloc(size);
    if (!node->name || !node->path) {
        free(node->name);
        free(node->path);
        free(node);
        return NULL;
    }
    snprintf(node->path, size, "%s%s%.*s", above, parent ? "/" : "", (int)length, name);
    node->parent = parent;
    if (parent) { // at the end, so that folders list in the order of the layout
        struct vb_node **end = &parent->children;
        while (*end)
            end = &(*end)->next;
        *end = node;
    }
    return node;
}

struct vb_node *vb_tree_new(void)
{
    return new_node(NULL, "", 0);
}

void vb_tree_free(struct vb_node *root)
{
    if (!root)
        return;
    for (struct vb_node *child = root->children, *next; child; child = next) {
        next = child->next;
        vb_tree_free(child);
    }
    free(root->name);
    free(root->path);
    free(root->target);
    free(root);
}

static struct vb_node *child_of(const struct vb_node *parent, const char *name, size_t length)
{
    for (struct vb_node *child = parent->children; child; child = child->next)
        if (strncmp(child->name, name, length) == 0 && child->name[length] == '\0')
            return child;
    return NULL;
}

// Walks down; makes what is missing if told to.
static struct vb_node *walk(struct vb_node *root, const char *path, bool make)
{
    struct vb_node *node = root;
    while (node && *path) {
        path += strspn(path, "/");
        const size_t length = strcspn(path, "/");
        if (!length)
            break;
        struct vb_node *child = child_of(node, path, length);
        if (!child && make)
            child = new_node(node, path, length);
        node = child;
        path += length;
    }
    return node;
}

struct vb_node *vb_tree_add(struct vb_node *root, const char *path, const struct vb_type *type,
                            int index, int part)
{
    struct vb_node *node = walk(root, path, true);
    if (node && type) {
        node->type = type;
        node->index = index;
        node->part = part;
    }
    return node;
}

struct vb_node *vb_tree_link(struct vb_node *root, const char *path, const char *target)
{
    struct vb_node *node = walk(root, path, true);
    if (node && !node->target)
        node->target = strdup(target);
    return node;
}

struct vb_node *vb_tree_find(const struct vb_node *root, const char *path)
{
    // Nothing is made, so nothing of the tree changes.
    return walk((struct vb_node *)(size_t)root, path, false);
}

bool vb_node_present(const struct vb_machine *machine, const struct vb_node *node)
{
    for (; node; node = node->parent)
        if (node->present && !node->present(machine, node))
            return false;
    return true;
}

void vb_tree_visit(struct vb_node *root, void (*visit)(void *context, struct vb_node *node),
                   void *context)
{
    visit(context, root);
    for (struct vb_node *child = root->children; child; child = child->next)
        vb_tree_visit(child, visit, context);
}
