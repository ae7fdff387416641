// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Switching stacks in a few ns where the processor is known; by ucontext, which enters the kernel
 * each time, elsewhere; by threads where sanitizers watch the stack.
 */
#include "engine/handover.h"

#include <stdint.h>
#include <stdlib.h>

#if defined(TDM_HANDOVER_BY_THREADS)

#include <pthread.h>
#include <semaphore.h>

struct tdm_handover {
    void (*side)(void *context);
    void *context;
    pthread_t thread;
    sem_t side_may, caller_may;
};

static void wait_for(sem_t *turn)
{
    while (sem_wait(turn) != 0) // interrupted by a signal
        ;
}

static void *run(void *context)
{
    struct tdm_handover *h = context;
    wait_for(&h->side_may);
    h->side(h->context);
    abort(); // it never returns
}

struct tdm_handover *tdm_handover_new(void (*side)(void *context), void *context, size_t size)
{
    (void)size; // the system's default is larger
    struct tdm_handover *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->side = side;
    h->context = context;
    if (sem_init(&h->side_may, 0, 0) == 0 && sem_init(&h->caller_may, 0, 0) == 0 &&
        pthread_create(&h->thread, NULL, run, h) == 0)
        return h;
    free(h);
    return NULL;
}

void tdm_handover_go(struct tdm_handover *h)
{
    sem_post(&h->side_may);
    wait_for(&h->caller_may);
}

void tdm_handover_back(struct tdm_handover *h)
{
    sem_post(&h->caller_may);
    wait_for(&h->side_may);
}

#elif defined(__x86_64__) || defined(__aarch64__)

/* Saves what a call preserves, and the stack pointer to *from; goes on where `to` was saved. */
extern void tdm_handover_switch(void **from, void *to) __attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl tdm_handover_switch\n"
        ".hidden tdm_handover_switch\n"
        ".type tdm_handover_switch, @function\n"
        "tdm_handover_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size tdm_handover_switch, .-tdm_handover_switch\n");
enum { RETURN = 7, FRAME = 9 }; // in words; a function begins 8 bytes off alignment
#else
__asm__(".text\n"
        ".p2align 4\n"
        ".globl tdm_handover_switch\n"
        ".hidden tdm_handover_switch\n"
        ".type tdm_handover_switch, %function\n"
        "tdm_handover_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size tdm_handover_switch, .-tdm_handover_switch\n");
enum { RETURN = 11, FRAME = 20 };
#endif

struct tdm_handover {
    void *caller, *other; // stack pointers of who waits
    void (*side)(void *context);
    void *context;
    void *stack;
};

static struct tdm_handover *beginning; // the first function on a new stack takes no argument

static void begin(void)
{
    struct tdm_handover *h = beginning;
    h->side(h->context);
    abort(); // it never returns
}

struct tdm_handover *tdm_handover_new(void (*side)(void *context), void *context, size_t size)
{
    struct tdm_handover *h = calloc(1, sizeof *h);
    void *stack = h ? aligned_alloc(64, (size + 63) / 64 * 64) : NULL;
    if (!stack) {
        free(h);
        return NULL;
    }
    h->side = side;
    h->context = context;
    h->stack = stack;
    // As if `begin` had just been about to be entered from tdm_handover_switch.
    uintptr_t *frame = (uintptr_t *)(void *)((char *)stack + size / 64 * 64) - FRAME;
    for (int i = 0; i < FRAME; i++)
        frame[i] = 0;
    frame[RETURN] = (uintptr_t)begin;
#if defined(__x86_64__)
    uint32_t control;
    uint16_t x87;
    __asm__("stmxcsr %0" : "=m"(control));
    __asm__("fnstcw %0" : "=m"(x87));
    frame[0] = control | (uintptr_t)x87 << 32;
#endif
    h->other = frame;
    return h;
}

void tdm_handover_go(struct tdm_handover *h)
{
    beginning = h;
    tdm_handover_switch(&h->caller, h->other);
}

void tdm_handover_back(struct tdm_handover *h)
{
    tdm_handover_switch(&h->other, h->caller);
}

#else

#include <ucontext.h>

struct tdm_handover {
    ucontext_t caller, other;
    void (*side)(void *context);
    void *context;
};

static struct tdm_handover *beginning; // makecontext passes on numbers, not pointers

static void begin(void)
{
    struct tdm_handover *h = beginning;
    h->side(h->context);
    abort(); // it never returns
}

struct tdm_handover *tdm_handover_new(void (*side)(void *context), void *context, size_t size)
{
    struct tdm_handover *h = calloc(1, sizeof *h);
    if (!h || getcontext(&h->other) != 0 || !(h->other.uc_stack.ss_sp = malloc(size))) {
        free(h);
        return NULL;
    }
    h->side = side;
    h->context = context;
    h->other.uc_stack.ss_size = size;
    makecontext(&h->other, begin, 0);
    return h;
}

void tdm_handover_go(struct tdm_handover *h)
{
    beginning = h;
    swapcontext(&h->caller, &h->other);
}

void tdm_handover_back(struct tdm_handover *h)
{
    swapcontext(&h->other, &h->caller);
}

#endif
