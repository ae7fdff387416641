// SPDX-License-Identifier: GPL-3.0-or-later
/** The virtual board as a FUSE file system. */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 312
#include <fuse.h>
#include <fuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hil/vboard/files.h"
#include "hil/vboard/serve.h"

enum { SYSFS_SIZE = 4096, MOST_THREADS = 128, LINE = 512 };

/** An open file. Reads at 0 ask anew, those behind go on with the same answer, as in sysfs. */
struct handle {
    struct handle *next;
    const struct vb_node *node;
    size_t size;     /**< room in `text` */
    int length;      /**< of the answer */
    char line[LINE]; /**< of work: what is to be done; "" once it is */
    char text[];
};

struct server {
    struct vb_machine *machine;
    struct handle *open; /**< with the machine's lock: whoever is cut off never closes */
};

static struct vb_machine *machine_here(void)
{
    const struct server *server = fuse_get_context()->private_data;
    return server->machine;
}

static bool given_up(void *context)
{
    return fuse_interrupted() || fuse_session_exited(context);
}

static struct fuse_session *session_here(void)
{
    return fuse_get_session(fuse_get_context()->fuse);
}

// NULL where it is not, or not at present. With the lock held.
static const struct vb_node *find(struct vb_machine *machine, const char *path)
{
    const struct vb_node *node = vb_tree_find(machine->root, path);
    if (!node || !vb_node_present(machine, node) ||
        vb_fault_at(&machine->faults, VB_VANISH, node->path, machine->now))
        return NULL;
    return node;
}

static const struct vb_node *lock_and_find(struct vb_machine *machine, const char *path)
{
    pthread_mutex_lock(&machine->lock);
    vb_advance(machine);
    const struct vb_node *node = find(machine, path);
    pthread_mutex_unlock(&machine->lock);
    return node;
}

static void fill_stat(const struct vb_node *node, struct stat *about)
{
    *about = (struct stat){.st_nlink = 1, .st_uid = getuid(), .st_gid = getgid()};
    if (node->target) {
        about->st_mode = S_IFLNK | 0777;
        about->st_size = (off_t)strlen(node->target);
    } else if (node->type) {
        about->st_mode = S_IFREG | node->type->mode;
        about->st_size = SYSFS_SIZE;
    } else {
        about->st_mode = S_IFDIR | 0755;
        about->st_nlink = 2;
    }
}

static int do_getattr(const char *path, struct stat *about, struct fuse_file_info *info)
{
    (void)info;
    const struct vb_node *node = lock_and_find(machine_here(), path);
    if (!node)
        return -ENOENT;
    fill_stat(node, about);
    return 0;
}

static int do_readlink(const char *path, char *text, size_t size)
{
    const struct vb_node *node = lock_and_find(machine_here(), path);
    if (!node)
        return -ENOENT;
    if (!node->target || !size)
        return -EINVAL;
    text[0] = '\0';
    strncat(text, node->target, size - 1);
    return 0;
}

static int do_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    (void)offset, (void)info, (void)flags;
    struct vb_machine *machine = machine_here();
    pthread_mutex_lock(&machine->lock);
    vb_advance(machine);
    const struct vb_node *node = find(machine, path);
    if (node) {
        fill(buffer, ".", NULL, 0, 0);
        fill(buffer, "..", NULL, 0, 0);
        for (const struct vb_node *child = node->children; child; child = child->next)
            if (vb_node_present(machine, child) &&
                !vb_fault_at(&machine->faults, VB_VANISH, child->path, machine->now))
                fill(buffer, child->name, NULL, 0, 0);
    }
    pthread_mutex_unlock(&machine->lock);
    return node ? 0 : -ENOENT;
}

// Even root is refused what no bit of the mode allows, as in sysfs.
static int allowed(const struct vb_node *node, int flags)
{
    const int access = flags & O_ACCMODE;
    if (access != O_RDONLY && !(node->type->mode & 0222))
        return -EACCES;
    if (access != O_WRONLY && !(node->type->mode & 0444))
        return -EACCES;
    return 0;
}

static struct handle *new_handle(const struct vb_node *node)
{
    struct server *server = fuse_get_context()->private_data;
    const size_t size = node->type == &vb_control_trace ? VB_TRACE_BYTES : SYSFS_SIZE;
    struct handle *handle = calloc(1, sizeof *handle + size);
    if (!handle)
        return NULL;
    handle->node = node;
    handle->size = size;
    pthread_mutex_lock(&server->machine->lock);
    handle->next = server->open;
    server->open = handle;
    pthread_mutex_unlock(&server->machine->lock);
    return handle;
}

static int do_open(const char *path, struct fuse_file_info *info)
{
    const struct vb_node *node = lock_and_find(machine_here(), path);
    if (!node)
        return -ENOENT;
    if (!node->type)
        return -EISDIR;
    const int refused = allowed(node, info->flags);
    if (refused)
        return refused;
    struct handle *handle = new_handle(node);
    if (!handle)
        return -ENOMEM;
    info->fh = (uint64_t)(uintptr_t)handle;
    info->direct_io = 1;
    info->nonseekable = node->type == &vb_control_work;
    return 0;
}

static struct handle *handle_of(const struct fuse_file_info *info)
{
    return (struct handle *)(uintptr_t)info->fh;
}

static int do_release(const char *path, struct fuse_file_info *info)
{
    (void)path;
    struct server *server = fuse_get_context()->private_data;
    pthread_mutex_lock(&server->machine->lock);
    struct handle **at = &server->open;
    while (*at != handle_of(info))
        at = &(*at)->next;
    *at = handle_of(info)->next;
    pthread_mutex_unlock(&server->machine->lock);
    free(handle_of(info));
    return 0;
}

// Does what the last line asked for, and answers once.
static int read_work(struct handle *handle, char *text, size_t size)
{
    char answer[LINE];
    if (!handle->line[0])
        return 0;
    vb_answer(machine_here(), handle->line, answer, sizeof answer, given_up, session_here());
    handle->line[0] = '\0';
    size_t length = 0; // no zero byte ends what a read gives
    for (; length < size && answer[length]; length++)
        text[length] = answer[length];
    return (int)length;
}

static int do_read(const char *path, char *text, size_t size, off_t offset,
                   struct fuse_file_info *info)
{
    (void)path;
    struct handle *handle = handle_of(info);
    if (handle->node->type == &vb_control_work)
        return read_work(handle, text, size);
    if (offset == 0) {
        const int length = vb_read(machine_here(), handle->node, handle->text, handle->size,
                                   given_up, session_here());
        if (length < 0)
            return length;
        handle->length = length;
    }
    if (offset >= handle->length)
        return 0;
    const size_t left = (size_t)(handle->length - offset);
    memcpy(text, handle->text + offset, left < size ? left : size);
    return (int)(left < size ? left : size);
}

static int do_write(const char *path, const char *data, size_t size, off_t offset,
                    struct fuse_file_info *info)
{
    (void)path, (void)offset;
    struct handle *handle = handle_of(info);
    if (handle->node->type == &vb_control_work) {
        if (!size || size >= sizeof handle->line)
            return -EINVAL;
        memcpy(handle->line, data, size);
        handle->line[size] = '\0';
        return (int)size;
    }
    const int result = vb_write(machine_here(), handle->node, data, size, given_up, session_here());
    return result ? result : (int)size;
}

// A shell's '>' truncates first: it means nothing here.
static int do_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
    (void)size, (void)info;
    const struct vb_node *node = lock_and_find(machine_here(), path);
    return !node ? -ENOENT : !node->type ? -EISDIR : allowed(node, O_WRONLY);
}

static void nothing(int signal)
{
    (void)signal;
}

static void *do_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    // Without `intr`, libfuse from 3.17 on has the kernel never tell that a reader was killed. The
    // signal that it then wakes a thread with must not end us.
    const struct sigaction woken = {.sa_handler = nothing};
    sigaction(SIGUSR1, &woken, NULL);
    config->intr = 1;
    config->intr_signal = SIGUSR1;
    config->direct_io = 1;
    config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
    return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {.getattr = do_getattr,
                                                  .readlink = do_readlink,
                                                  .readdir = do_readdir,
                                                  .open = do_open,
                                                  .release = do_release,
                                                  .read = do_read,
                                                  .write = do_write,
                                                  .truncate = do_truncate,
                                                  .init = do_init};

// What a killed board has left behind.
static void clean_stale(const char *place)
{
    struct stat about;
    if (stat(place, &about) == 0 || errno != ENOTCONN)
        return;
    char *const arguments[] = {(char *)(uintptr_t) "fusermount3", (char *)(uintptr_t) "-u",
                               (char *)(uintptr_t) "-z", (char *)(uintptr_t)place, NULL};
    pid_t child;
    if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) == 0)
        waitpid(child, NULL, 0);
}

static int loop(struct fuse *fuse)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (!config)
        return -1;
    // Works and sensors that hang keep a thread each.
    fuse_loop_cfg_set_max_threads(config, MOST_THREADS);
    fuse_loop_cfg_set_idle_threads(config, MOST_THREADS);
    const int result = fuse_loop_mt(fuse, config);
    fuse_loop_cfg_destroy(config);
    return result < 0 ? -1 : 0;
}

static int run(struct fuse *fuse, struct vb_machine *machine, const struct vb_serving *serving,
               struct tdm_error *error)
{
    struct fuse_session *session = fuse_get_session(fuse);
    if (fuse_mount(fuse, serving->place))
        return tdm_fail(error, "cannot mount on %s (is there a /dev/fuse, and fusermount3?)",
                        serving->place);
    int result = 0;
    if (fuse_set_signal_handlers(session))
        result = tdm_fail(error, "cannot watch for signals");
    else {
        serving->ready(serving->context);
        if (loop(fuse))
            result = tdm_fail(error, "the file system broke off");
        fuse_remove_signal_handlers(session);
    }
    pthread_mutex_lock(&machine->lock);
    machine->stopping = true;
    pthread_mutex_unlock(&machine->lock);
    fuse_unmount(fuse);
    return result;
}

int vb_serve_fuse(struct vb_machine *machine, const struct vb_serving *serving,
                  struct tdm_error *error)
{
    clean_stale(serving->place);
    struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
    fuse_opt_add_arg(&arguments, "tandem-vboard");
    fuse_opt_add_arg(&arguments, serving->allow_other
                                     ? "-ofsname=tandem-vboard,subtype=tandem,allow_other"
                                     : "-ofsname=tandem-vboard,subtype=tandem");
    struct server server = {.machine = machine};
    struct fuse *fuse = fuse_new(&arguments, &operations, sizeof operations, &server);
    fuse_opt_free_args(&arguments);
    if (!fuse)
        return tdm_fail(error, "cannot start a FUSE file system");
    const int result = run(fuse, machine, serving, error);
    fuse_destroy(fuse);
    for (struct handle *handle = server.open, *next; handle; handle = next) {
        next = handle->next;
        free(handle);
    }
    return result;
}
