// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // O_PATH, versionsort
#include "hil/board/tree.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(SYS_openat2) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

enum { DEEPEST = 32, MOST_LINKS = 16 };

struct tdm_tree {
    int fd;
    bool walks; // never asks the kernel to go all the way
    char root[TDM_TREE_PATH];
};

struct tdm_tree *tdm_tree_open(const char *root, struct tdm_error *error)
{
    struct tdm_tree *tree = calloc(1, sizeof *tree);
    if (!tree) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    tree->fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    size_t length = strlen(root);
    while (length && root[length - 1] == '/')
        length--;
    if (tree->fd < 0)
        tdm_fail_errno(error, root, "cannot open the board's root");
    else if (length >= sizeof tree->root)
        tdm_fail_at(error, root, 0, 0, "the path is too long");
    else {
        memcpy(tree->root, root, length);
        return tree;
    }
    tdm_tree_close(tree);
    return NULL;
}

void tdm_tree_close(struct tdm_tree *tree)
{
    if (tree && tree->fd >= 0)
        close(tree->fd);
    free(tree);
}

const char *tdm_tree_root(const struct tdm_tree *tree)
{
    return tree->root;
}

void tdm_tree_walk(struct tdm_tree *tree)
{
    tree->walks = true;
}

// ---- the way to a file -------------------------------------------------------------------------

// Where a walk stands: open folders from the root on, and their names.
struct walk {
    int fds[DEEPEST + 1]; // [0] is the tree's own
    int depth;
    int links;
    char rest[2 * TDM_TREE_PATH]; // still to go
    char real[TDM_TREE_PATH];     // gone so far, without links: "/sys/devices"
};

static void back(struct walk *walk)
{
    if (walk->depth == 0)
        return;
    close(walk->fds[walk->depth--]);
    *strrchr(walk->real, '/') = '\0';
}

static void leave(struct walk *walk)
{
    while (walk->depth)
        back(walk);
}

// Cuts the next name off what is still to go. False at the end.
static bool next_name(struct walk *walk, char name[NAME_MAX + 1])
{
    const char *at = walk->rest + strspn(walk->rest, "/");
    const size_t length = strcspn(at, "/");
    if (!length || length > NAME_MAX)
        return false;
    memcpy(name, at, length);
    name[length] = '\0';
    memmove(walk->rest, at + length, strlen(at + length) + 1);
    return true;
}

// Puts where a link points to in front of what is still to go.
static int follow(struct walk *walk, int link)
{
    char target[TDM_TREE_PATH], rest[sizeof walk->rest];
    const ssize_t length = readlinkat(link, "", target, sizeof target - 1);
    if (length < 0)
        return -errno;
    target[length] = '\0';
    if (++walk->links > MOST_LINKS)
        return -ELOOP;
    memcpy(rest, walk->rest, sizeof rest);
    if ((size_t)snprintf(walk->rest, sizeof walk->rest, "%s/%s", target, rest) >= sizeof walk->rest)
        return -ENAMETOOLONG;
    if (target[0] == '/')
        leave(walk);
    return 0;
}

static int step(struct walk *walk, const char *name)
{
    struct stat what;
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        back(walk);
        return 0;
    }
    if (walk->depth == DEEPEST || strlen(walk->real) + strlen(name) + 2 > sizeof walk->real)
        return -ENAMETOOLONG;
    const int fd = openat(walk->fds[walk->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fstat(fd, &what) ? -errno : 0;
    if (result == 0 && S_ISLNK(what.st_mode))
        result = follow(walk, fd);
    else if (result == 0) {
        walk->fds[++walk->depth] = fd;
        const size_t length = strlen(walk->real);
        snprintf(walk->real + length, sizeof walk->real - length, "/%s", name);
        return 0;
    }
    close(fd);
    return result;
}

// Walks all the way. 0: the last of `fds` is what `path` means; -errno, and nothing stays open.
static int go(const struct tdm_tree *tree, const char *path, struct walk *walk)
{
    char name[NAME_MAX + 1];
    int result = 0;
    walk->fds[0] = tree->fd;
    walk->depth = walk->links = 0;
    walk->real[0] = '\0';
    if ((size_t)snprintf(walk->rest, sizeof walk->rest, "%s", path) >= TDM_TREE_PATH)
        return -ENAMETOOLONG;
    while (result == 0 && next_name(walk, name))
        result = step(walk, name);
    if (result == 0 && walk->rest[strspn(walk->rest, "/")])
        result = -ENAMETOOLONG;
    if (result)
        leave(walk);
    return result;
}

// 0, or -errno: files are read and written, and folders listed; nothing else is opened.
static int check_kind(const struct stat *what, int flags)
{
    if (S_ISREG(what->st_mode) || ((flags & O_DIRECTORY) && S_ISDIR(what->st_mode)))
        return 0;
    return S_ISDIR(what->st_mode) ? -EISDIR : -EINVAL;
}

// Opens the file that a walk has led to. A link that took its place meanwhile is not followed.
static int open_end(const struct walk *walk, int flags)
{
    struct stat what;
    if (walk->depth == 0)
        return -EISDIR;
    if (fstat(walk->fds[walk->depth], &what))
        return -errno;
    const int wrong = check_kind(&what, flags);
    if (wrong)
        return wrong;
    const int fd = openat(walk->fds[walk->depth - 1], strrchr(walk->real, '/') + 1,
                          flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

// The same in one call, where the kernel can (from 5.6 on). -ENOSYS where it cannot.
static int open_below(const struct tdm_tree *tree, const char *path, int flags)
{
    long fd = -1;
    errno = ENOSYS;
#ifdef RESOLVE_IN_ROOT
    const struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
                                 .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    if (!tree->walks)
        fd = syscall(SYS_openat2, tree->fd, path, &how, sizeof how);
#else
    (void)tree, (void)path, (void)flags;
#endif
    return fd < 0 ? -errno : (int)fd;
}

// A sandbox may forbid the call, and a tree that changes at the moment fail it.
static bool must_walk(int result)
{
    return result == -ENOSYS || result == -EPERM || result == -EAGAIN;
}

// Opens a file to read, or with O_DIRECTORY a folder.
static int open_to_read(const struct tdm_tree *tree, const char *path, int flags)
{
    struct stat what;
    struct walk walk;
    int fd = open_below(tree, path, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (must_walk(fd)) {
        const int result = go(tree, path, &walk);
        if (result)
            return result;
        fd = open_end(&walk, flags | O_RDONLY);
        leave(&walk);
        return fd;
    }
    if (fd < 0)
        return fd;
    const int wrong = fstat(fd, &what) ? -errno : check_kind(&what, flags);
    if (wrong)
        close(fd);
    return wrong ? wrong : fd;
}

static bool is_there(const struct tdm_tree *tree, const char *path)
{
    struct walk walk;
    const int fd = open_below(tree, path, O_PATH);
    if (must_walk(fd)) {
        const bool found = go(tree, path, &walk) == 0;
        if (found)
            leave(&walk);
        return found;
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

// ---- reading -----------------------------------------------------------------------------------

int tdm_tree_read_bytes(const struct tdm_tree *tree, const char *path, char *bytes, size_t size)
{
    int result = 0;
    const int fd = open_to_read(tree, path, 0);
    if (fd < 0)
        return fd;
    size_t length = 0;
    while (length < size - 1) {
        const ssize_t n = read(fd, bytes + length, size - 1 - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            result = -errno;
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    close(fd);
    bytes[length] = '\0';
    return result ? result : (int)length;
}

int tdm_tree_read(const struct tdm_tree *tree, const char *path, char *text, size_t size)
{
    char bytes[TDM_TREE_TEXT + 2] = "";
    int length = tdm_tree_read_bytes(tree, path, bytes, sizeof bytes);
    if (length < 0)
        return length;
    while (length && strchr(" \t\r\n", bytes[length - 1])) {
        if (bytes[length - 1] == '\0')
            return -EBADMSG;
        length--;
    }
    if ((size_t)length >= size)
        return -EBADMSG;
    for (int i = 0; i < length; i++)
        if ((unsigned char)bytes[i] > 126 || (bytes[i] < ' ' && bytes[i] != '\t'))
            return -EBADMSG;
    memcpy(text, bytes, (size_t)length);
    text[length] = '\0';
    return length;
}

// ---- writing -----------------------------------------------------------------------------------

static bool matches(const char *pattern, const char *path)
{
    return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD | FNM_NOESCAPE) == 0;
}

static bool starts(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

static bool may_write(const char *path, const char *pattern, const char *real)
{
    if (!matches(pattern, path))
        return false;
    if (matches(pattern, real))
        return true;
    const bool linked = starts(pattern, "/sys/class/") || starts(pattern, "/sys/bus/");
    return linked && starts(real, "/sys/devices/") &&
           strcmp(strrchr(real, '/'), strrchr(path, '/')) == 0;
}

int tdm_tree_write(const struct tdm_tree *tree, const char *path, const char *pattern,
                   const char *text)
{
    struct walk walk;
    char line[TDM_TREE_TEXT];
    const int length = snprintf(line, sizeof line, "%s\n", text);
    assert(length > 0 && (size_t)length < sizeof line);
    int result = go(tree, path, &walk);
    if (result)
        return result;
    int fd = -EPERM;
    if (may_write(path, pattern, walk.real))
        fd = open_end(&walk, O_WRONLY | O_TRUNC);
    leave(&walk);
    if (fd < 0)
        return fd;
    ssize_t n;
    do
        n = write(fd, line, (size_t)length);
    while (n < 0 && errno == EINTR);
    if (n != length)
        result = n < 0 ? -errno : -EIO;
    if (close(fd) && result == 0)
        result = -errno;
    return result;
}

// ---- patterns ----------------------------------------------------------------------------------

struct match {
    const struct tdm_tree *tree;
    int (*visit)(void *context, const char *path);
    void *context;
    int count;
};

static int expand(struct match *match, const char *done, const char *pattern);

static int natural(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

// The names in a folder that fit a pattern without '/', sorted; the caller frees them.
static int list(const struct tdm_tree *tree, const char *folder, const char *pattern, char **names)
{
    int count = 0;
    const int fd = open_to_read(tree, folder, O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (const struct dirent *entry; count < TDM_TREE_MATCHES && (entry = readdir(dir));)
        if (matches(pattern, entry->d_name) && (names[count] = strdup(entry->d_name)))
            count++;
    closedir(dir);
    qsort(names, (size_t)count, sizeof *names, natural);
    return count;
}

static int expand_star(struct match *match, const char *done, const char *name, const char *rest)
{
    char *names[TDM_TREE_MATCHES], path[TDM_TREE_PATH];
    const int count = list(match->tree, done, name, names);
    int result = 0;
    for (int i = 0; i < count; i++) {
        if (result == 0 &&
            (size_t)snprintf(path, sizeof path, "%s/%s", done, names[i]) < sizeof path)
            result = expand(match, path, rest);
        free(names[i]);
    }
    return result;
}

static int there(struct match *match, const char *path)
{
    if (match->count >= TDM_TREE_MATCHES || !is_there(match->tree, path))
        return 0;
    match->count++;
    return match->visit(match->context, path);
}

// `pattern` is what comes after `done`, which has no stars any more.
static int expand(struct match *match, const char *done, const char *pattern)
{
    char path[TDM_TREE_PATH], name[NAME_MAX + 1];
    const char *at = pattern + strspn(pattern, "/");
    const size_t length = strcspn(at, "/");
    if (!length)
        return there(match, done);
    if (length > NAME_MAX || strlen(done) + length + 2 > sizeof path)
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)length, at);
    if (strchr(name, '*'))
        return expand_star(match, done, name, at + length);
    snprintf(path, sizeof path, "%s/%s", done, name);
    return expand(match, path, at + length);
}

int tdm_tree_match(const struct tdm_tree *tree, const char *pattern,
                   int (*visit)(void *context, const char *path), void *context)
{
    struct match match = {tree, visit, context, 0};
    return expand(&match, "", pattern);
}
