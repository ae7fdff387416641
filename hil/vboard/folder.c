// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The virtual board as plain files, for machines without FUSE. Inotify tells which files were
 * closed after writing, in order: their values are taken, and what the kernel would have made of
 * them is put back. A hundred times a second all readings are brought up to date.
 */
#define _GNU_SOURCE // accept4, O_PATH
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hil/vboard/files.h"
#include "hil/vboard/serve.h"

enum { MOST_FILES = 1024, TEXT = 4096, MOST_SESSIONS = 64, MOST_WATCHES = 256 };

struct file {
    const struct vb_node *node;
    bool here;  // it has been written out
    int length; // of what we know to be in it
    char text[TEXT];
};

struct watch {
    int number; // inotify's
    const struct vb_node *folder;
};

struct folder {
    struct vb_machine *machine;
    int root; // handle of the folder
    struct file *files;
    int count;
    int inotify;
    struct watch watches[MOST_WATCHES];
    int watch_count;
    bool failed;
    int sockets[MOST_SESSIONS]; // of sessions, -1: free; with the machine's lock
    int sessions;
};

static atomic_bool ended; // set by a signal, read by every thread

static void end(int signal)
{
    (void)signal;
    ended = true;
}

// ---- files -------------------------------------------------------------------------------------

static const char *relative(const struct vb_node *node)
{
    return node->path[0] ? node->path + 1 : ".";
}

static bool is_shown(const struct folder *folder, const struct vb_node *node)
{
    return vb_node_present(folder->machine, node) &&
           !vb_fault_at(&folder->machine->faults, VB_VANISH, node->path, folder->machine->now);
}

static void watch(struct folder *folder, const struct vb_node *node)
{
    char path[512];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder->root, relative(node));
    const int number = inotify_add_watch(folder->inotify, path, IN_CLOSE_WRITE | IN_ONLYDIR);
    int i = 0; // a folder that comes back gets a new number
    while (i < folder->watch_count && folder->watches[i].folder != node)
        i++;
    if (number < 0 || i == MOST_WATCHES) {
        folder->failed = true;
        return;
    }
    folder->watches[i] = (struct watch){number, node};
    folder->watch_count += i == folder->watch_count;
}

// Folders and the list of files; once.
static void make(void *context, struct vb_node *node)
{
    struct folder *folder = context;
    if (node->type && node->type != &vb_control_work) {
        if (folder->count == MOST_FILES)
            folder->failed = true;
        else
            folder->files[folder->count++].node = node;
    } else if (!node->type && !node->target) {
        if (mkdirat(folder->root, relative(node), 0755) && errno != EEXIST)
            folder->failed = true;
        else
            watch(folder, node);
    }
}

// Links and folders that come and go follow what is present.
static void refresh_folder(void *context, struct vb_node *node)
{
    struct folder *folder = context;
    if (node->type || !node->path[0])
        return;
    if (!is_shown(folder, node))
        unlinkat(folder->root, relative(node), node->target ? 0 : AT_REMOVEDIR);
    else if (node->target)
        (void)!symlinkat(node->target, folder->root, relative(node));
    else if (mkdirat(folder->root, relative(node), 0755) == 0)
        watch(folder, node);
}

static int read_file(const struct folder *folder, const struct file *file, char *text)
{
    const int handle = openat(folder->root, relative(file->node), O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return -1;
    const ssize_t length = read(handle, text, TEXT);
    close(handle);
    return (int)length;
}

static void write_file(const struct folder *folder, struct file *file, const char *text, int length)
{
    const int handle = openat(folder->root, relative(file->node), O_WRONLY | O_CREAT | O_CLOEXEC,
                              file->node->type->mode | 0200);
    if (handle < 0)
        return;
    // Readers see the old or the new, and for a moment perhaps the tail of the old.
    if (pwrite(handle, text, (size_t)length, 0) == length && ftruncate(handle, length) == 0) {
        memcpy(file->text, text, (size_t)length);
        file->length = length;
        file->here = true;
    }
    close(handle);
}

// Brings a file up to date.
static void publish(struct folder *folder, struct file *file)
{
    char text[TEXT];
    struct vb_machine *machine = folder->machine;
    if (!is_shown(folder, file->node)) {
        if (file->here)
            unlinkat(folder->root, relative(file->node), 0);
        file->here = false;
        return;
    }
    if (vb_fault_at(&machine->faults, VB_HANG, file->node->path, machine->now))
        return; // it stands still
    int length = file->node->type->show(machine, file->node, text, sizeof text);
    if (length < 0)
        length = 0;
    if (!file->here || length != file->length || memcmp(text, file->text, (size_t)length) != 0)
        write_file(folder, file, text, length);
}

// What somebody else has written, if it is not what is there anyway (or us).
static void take_change(struct folder *folder, struct file *file)
{
    char news[TEXT];
    if (!file->here || !file->node->type->store)
        return;
    const int length = read_file(folder, file, news);
    if (length <= 0 || (length == file->length && memcmp(news, file->text, (size_t)length) == 0))
        return;
    memcpy(file->text, news, (size_t)length);
    file->length = length;
    vb_write(folder->machine, file->node, news, (size_t)length, NULL, NULL);
}

static void take_event(struct folder *folder, const struct inotify_event *event)
{
    const struct vb_node *parent = NULL;
    for (int i = 0; i < folder->watch_count; i++)
        if (folder->watches[i].number == event->wd)
            parent = folder->watches[i].folder;
    for (int i = 0; i < folder->count && event->len; i++)
        if (folder->files[i].node->parent == parent &&
            strcmp(folder->files[i].node->name, event->name) == 0)
            take_change(folder, &folder->files[i]);
}

static void take_changes(struct folder *folder)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t length;
    while ((length = read(folder->inotify, buffer, sizeof buffer)) > 0)
        for (const char *at = buffer; at < buffer + length;) {
            const struct inotify_event *event = (const void *)at;
            take_event(folder, event);
            at += sizeof *event + event->len;
        }
}

static void turn(struct folder *folder)
{
    take_changes(folder);
    pthread_mutex_lock(&folder->machine->lock);
    vb_advance(folder->machine);
    vb_tree_visit(folder->machine->root, refresh_folder, folder);
    for (int i = 0; i < folder->count; i++)
        publish(folder, &folder->files[i]);
    pthread_mutex_unlock(&folder->machine->lock);
}

// ---- work
// ----------------------------------------------------------------------------------------

struct session {
    struct folder *folder;
    int socket, slot;
};

// Somebody who has hung up does not want an answer.
static bool hung_up(void *context)
{
    const struct session *session = context;
    struct pollfd poll_it = {.fd = session->socket, .events = POLLRDHUP};
    return ended || (poll(&poll_it, 1, 0) > 0 && (poll_it.revents & (POLLRDHUP | POLLHUP)));
}

static bool read_line(int socket, char *line, size_t size)
{
    for (size_t n = 0; n < size - 1; n++) {
        if (recv(socket, line + n, 1, 0) != 1)
            return false;
        line[n + 1] = '\0';
        if (line[n] == '\n')
            return true;
    }
    return false;
}

static void *serve_session(void *context)
{
    struct session *session = context;
    struct vb_machine *machine = session->folder->machine;
    char line[512], answer[512];
    while (!ended && read_line(session->socket, line, sizeof line)) {
        vb_answer(machine, line, answer, sizeof answer, hung_up, session);
        if (send(session->socket, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            break;
    }
    pthread_mutex_lock(&machine->lock);
    close(session->socket);
    session->folder->sockets[session->slot] = -1;
    session->folder->sessions--;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
    free(session);
    return NULL;
}

// A place among the sessions; -1: there are enough.
static int take_slot(struct folder *folder, int socket)
{
    int slot = 0;
    pthread_mutex_lock(&folder->machine->lock);
    while (slot < MOST_SESSIONS && folder->sockets[slot] >= 0)
        slot++;
    if (slot < MOST_SESSIONS) {
        folder->sockets[slot] = socket;
        folder->sessions++;
    }
    pthread_mutex_unlock(&folder->machine->lock);
    return slot < MOST_SESSIONS ? slot : -1;
}

static int start_thread(struct session *session)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for the main thread
    const int failed = pthread_create(&thread, NULL, serve_session, session);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_detach(thread);
    return failed;
}

static void start_session(struct folder *folder, int listener)
{
    const int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0)
        return;
    struct session *session = malloc(sizeof *session);
    const int slot = session ? take_slot(folder, socket) : -1;
    if (slot >= 0) {
        *session = (struct session){folder, socket, slot};
        if (start_thread(session) == 0)
            return;
        pthread_mutex_lock(&folder->machine->lock);
        folder->sockets[slot] = -1;
        folder->sessions--;
        pthread_mutex_unlock(&folder->machine->lock);
    }
    close(socket);
    free(session);
}

static int listen_in(const struct folder *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int place = openat(folder->root, ".tandem", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (place >= 0)
        unlinkat(place, "work", 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/work", place);
    const bool fine = place >= 0 && listener >= 0 &&
                      bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
                      listen(listener, 16) == 0;
    if (place >= 0)
        close(place);
    if (!fine && listener >= 0)
        close(listener);
    return fine ? listener : -1;
}

// ---- the folder
// ----------------------------------------------------------------------------------

static int open_folder(struct folder *folder, const char *place, struct tdm_error *error)
{
    if (mkdir(place, 0755) && errno != EEXIST)
        return tdm_fail_errno(error, place, "cannot make");
    folder->root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->root < 0)
        return tdm_fail_errno(error, place, "cannot open");
    folder->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (folder->inotify < 0)
        return tdm_fail_errno(error, place, "cannot watch");
    folder->files = calloc(MOST_FILES, sizeof *folder->files);
    if (!folder->files)
        return tdm_fail(error, "out of memory");
    vb_tree_visit(folder->machine->root, make, folder);
    return folder->failed ? tdm_fail(error, "cannot lay files out in %s", place) : 0;
}

static int live(struct folder *folder, const struct vb_serving *serving, struct tdm_error *error)
{
    const int listener = listen_in(folder);
    if (listener < 0)
        return tdm_fail(error, "cannot listen in %s/.tandem", serving->place);
    const struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    turn(folder);
    serving->ready(serving->context);
    struct pollfd polls[] = {{.fd = listener, .events = POLLIN},
                             {.fd = folder->inotify, .events = POLLIN}};
    while (!ended) {
        if (poll(polls, 2, 10) > 0 && polls[0].revents)
            start_session(folder, listener);
        turn(folder);
    }
    close(listener);
    unlinkat(folder->root, ".tandem/work", 0); // a client sees that the board is gone
    return 0;
}

// Hangs up on everybody, and waits until all have noticed.
static void end_sessions(struct folder *folder)
{
    struct vb_machine *machine = folder->machine;
    pthread_mutex_lock(&machine->lock);
    machine->stopping = true;
    pthread_cond_broadcast(&machine->changed);
    for (int i = 0; i < MOST_SESSIONS; i++)
        if (folder->sockets[i] >= 0)
            shutdown(folder->sockets[i], SHUT_RDWR);
    while (folder->sessions)
        pthread_cond_wait(&machine->changed, &machine->lock);
    pthread_mutex_unlock(&machine->lock);
}

int vb_serve_folder(struct vb_machine *machine, const struct vb_serving *serving,
                    struct tdm_error *error)
{
    struct folder folder = {.machine = machine, .root = -1, .inotify = -1};
    for (int i = 0; i < MOST_SESSIONS; i++)
        folder.sockets[i] = -1;
    int result = open_folder(&folder, serving->place, error);
    if (result == 0)
        result = live(&folder, serving, error);
    end_sessions(&folder);
    if (folder.inotify >= 0)
        close(folder.inotify);
    if (folder.root >= 0)
        close(folder.root);
    free(folder.files);
    return result;
}
