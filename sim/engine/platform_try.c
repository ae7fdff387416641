// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // memfd_create, memmem, MAP_ANONYMOUS
#include "engine/platform_try.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"
#include "engine/platform_profiles.h"
#include "engine/simgrid.h"

enum { SAID = 1024 };                 // bytes kept of what SimGrid says
enum { OF_NO_USE = 99 };              // how the child ends where the file is no use to us
static const double most_looks = 1e6; // at routes, in all

// What the child leaves behind.
struct traces {
    size_t *asking; // shared memory
    int samples;    // file
    int said;       // pipe
};

// ---- the file ----------------------------------------------------------------------------------

static bool has(const char *text, size_t length, const char *word)
{
    return memmem(text, length, word, strlen(word)) != NULL;
}

// Whether it can be what it should be, and whether it speaks of anything that changes.
static int look_into(const char *path, bool *changes, struct tdm_error *error)
{
    struct stat there;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe may have no other end
    if (fd < 0 || fstat(fd, &there) != 0) {
        tdm_fail_errno(error, path, "cannot open the platform");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int status = 0;
    char *text = MAP_FAILED;
    const size_t length = (size_t)there.st_size;
    if (!S_ISREG(there.st_mode))
        status = tdm_fail_at(error, path, 0, 0, "a platform is an ordinary file, and this is %s",
                             S_ISDIR(there.st_mode) ? "a directory" : "none");
    else if (length == 0)
        status = tdm_fail_at(error, path, 0, 0, "this platform is empty");
    else if ((text = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
        status = tdm_fail_errno(error, path, "cannot read the platform");
    close(fd);
    if (text == MAP_FAILED)
        return status;
    size_t start = 0;
    while (start < length && strchr(" \t\r\n", text[start]) && text[start])
        start++;
    if (start == length || text[start] != '<')
        status = tdm_fail_at(error, path, 0, 0, "this is no SimGrid platform: it is not XML");
    else
        status = tdm_platform_check_profiles(path, text, length, error);
    *changes = has(text, length, "_file") || has(text, length, "trace");
    munmap(text, length);
    return status;
}

// ---- the child ---------------------------------------------------------------------------------

// SimGrid may run out of bounds; it shall not take the machine along.
static void limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const rlim_t most = (rlim_t)sysconf(_SC_PHYS_PAGES) / 4 * (rlim_t)sysconf(_SC_PAGESIZE);
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur <= most)
        return;
    limit.rlim_cur = most;
    setrlimit(RLIMIT_DATA, &limit);
#endif
}

static void ask_in_child(const struct tdm_platform_trial *trial, bool changes,
                         const struct traces *traces, int out)
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct rlimit no_core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(nowhere, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &no_core);
    limit_memory();
    signal(SIGABRT, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    const struct tdm_simgrid_question question = {
        .path = trial->path,
        .routes = trial->routes,
        .count = trial->count,
        .until = trial->until,
        .step = changes ? fmax(1, ceil(trial->until * (double)trial->count / most_looks)) : 0,
        .samples = fdopen(traces->samples, "w"),
        .asking = traces->asking};
    _exit(question.samples && tdm_simgrid_ask(&question) == 0 ? 0 : OF_NO_USE);
}

// ---- what it said ------------------------------------------------------------------------------

static char *after(char *text, const char *words)
{
    char *at = strstr(text, words);
    return at ? at + strlen(words) : NULL;
}

// What people need of the lines that SimGrid printed: the first that says something, without what
// stands around it in its log. Returns the line of the file that it speaks of, or 0.
static long shorten(char *text)
{
    char *line = text + strspn(text, "\n "), *next;
    long number = 0;
    line[strcspn(line, "\n")] = '\0';
    if ((next = after(line, "Parse error at "))) {
        char *colon = strstr(next, ": ");
        char *digits = colon;
        while (digits && digits > next && digits[-1] >= '0' && digits[-1] <= '9')
            digits--;
        if (digits) {
            number = strtol(digits, NULL, 10);
            line = colon + 2;
        }
    }
    if ((next = after(line, "Uncaught exception "))) {
        line = next;
        if ((next = after(line, ": ")))
            line = next;
    }
    if (strncmp(line, "Invalid XML (", 13) == 0 && (next = after(line, "): ")))
        line = next;
    memmove(text, line, strlen(line) + 1);
    return number;
}

static int explain(const struct tdm_platform_trial *trial, size_t asking, char *said, int status,
                   struct tdm_error *error)
{
    const long line = shorten(said);
    char way[300] = "";
    if (WIFEXITED(status) && WEXITSTATUS(status) == OF_NO_USE)
        return tdm_fail_at(error, trial->path, 0, 0, "%.400s",
                           said[0] ? said : "cannot try the platform");
    if (strstr(said, "WIFI link"))
        return tdm_fail_at(error, trial->path, 0, 0,
                           "a route begins or ends in a Wi-Fi zone, and only a program can say how "
                           "fast its stations are: give the <link> rates or a trace of its own");
    if (strstr(said, "bad_alloc"))
        snprintf(said, SAID, "it takes more than a quarter of this machine's memory");
    if (strcmp(said, "stod") == 0 || strcmp(said, "stoi") == 0)
        snprintf(said, SAID,
                 "something that should be a number is none, in the file or in a profile");
    const bool crashed = WIFSIGNALED(status) && !said[0];
    if (asking < trial->count && WIFSIGNALED(status))
        snprintf(way, sizeof way, "no route from '%.100s' to '%.100s'%s",
                 trial->routes[asking].from, trial->routes[asking].to, crashed ? "" : ": ");
    if (crashed && !way[0])
        snprintf(said, SAID, "it broke down (%.80s)", strsignal(WTERMSIG(status)));
    return tdm_fail_at(error, trial->path, line, 0, "SimGrid %s refuses this platform: %s%.300s",
                       tdm_simgrid_version(), way,
                       said[0] || way[0] ? said : "it gave up without a word");
}

// ---- the parent --------------------------------------------------------------------------------

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Reads until the other end closes, or until `deadline`: then false.
static bool read_up(int fd, char *text, size_t size, double deadline)
{
    size_t length = 0;
    bool closed = false;
    while (!closed) {
        char rest[256];
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        const double left = deadline - clock_now();
        if (left <= 0)
            break;
        if (poll(&poll_fd, 1, (int)ceil(1e3 * left)) <= 0)
            continue;
        const bool full = length + 1 >= size;
        const ssize_t n =
            full ? read(fd, rest, sizeof rest) : read(fd, text + length, size - 1 - length);
        if (n < 0 && errno == EINTR)
            continue;
        closed = n <= 0;
        length += full || closed ? 0 : (size_t)n;
    }
    text[length] = '\0';
    return closed;
}

static int read_samples(struct tdm_platform_trial *trial, int fd, struct tdm_error *error)
{
    struct stat there;
    if (fstat(fd, &there) != 0)
        return tdm_fail_errno(error, trial->path, "cannot read what SimGrid said of it");
    const size_t size = (size_t)there.st_size;
    trial->samples = malloc(size + 1);
    trial->sample_count = size / sizeof *trial->samples;
    if (!trial->samples)
        return tdm_fail(error, "out of memory");
    if (pread(fd, trial->samples, size, 0) == (ssize_t)size)
        return 0;
    free(trial->samples);
    trial->samples = NULL;
    return tdm_fail_errno(error, trial->path, "cannot read what SimGrid said of it");
}

static int judge(struct tdm_platform_trial *trial, const struct traces *traces, pid_t child,
                 struct tdm_error *error)
{
    char said[SAID];
    int status = -1;
    const bool ended = read_up(traces->said, said, sizeof said, clock_now() + trial->patience);
    if (!ended)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!ended)
        return tdm_fail_at(error, trial->path, 0, 0,
                           "SimGrid %s has not come to an end with this platform after %d s",
                           tdm_simgrid_version(), trial->patience);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return read_samples(trial, traces->samples, error);
    return explain(trial, *traces->asking, said, status, error);
}

static int try_in_child(struct tdm_platform_trial *trial, bool changes, struct traces *traces,
                        struct tdm_error *error)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return tdm_fail_errno(error, trial->path, "cannot try the platform");
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        ask_in_child(trial, changes, traces, pipes[1]);
    close(pipes[1]);
    traces->said = pipes[0];
    const int status = child < 0 ? tdm_fail_errno(error, trial->path, "cannot try the platform")
                                 : judge(trial, traces, child, error);
    close(pipes[0]);
    return status;
}

int tdm_platform_try(struct tdm_platform_trial *trial, struct tdm_error *error)
{
    bool changes = false;
    if (look_into(trial->path, &changes, error))
        return -1;
    struct traces traces = {.samples = memfd_create("samples", MFD_CLOEXEC)};
    traces.asking = mmap(NULL, sizeof *traces.asking, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const bool ready = traces.asking != MAP_FAILED && traces.samples >= 0;
    if (ready)
        *traces.asking = trial->count;
    const int status = ready ? try_in_child(trial, changes, &traces, error)
                             : tdm_fail_errno(error, trial->path, "cannot try the platform");
    if (traces.asking != MAP_FAILED)
        munmap(traces.asking, sizeof *traces.asking);
    if (traces.samples >= 0)
        close(traces.samples);
    return status;
}
