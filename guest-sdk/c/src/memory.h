/* Where a guest's memory comes from. A guest has one thread and serves one execution, so all of this is global. */
#ifndef RONDO_MEMORY_H
#define RONDO_MEMORY_H

#include <stddef.h>

/* At least `size` bytes, aligned for everything, not zeroed. Traps when memory is at an end. */
void *ri_take(size_t size);
/* Gives back what was taken with this size. NULL is nothing. */
void ri_give(void *block, size_t size);

/* Hands out memory that stays where it is until all of it is given back at once. */
struct ri_arena {
    struct ri_chunk *last;
    /* Bytes of the last chunk that are handed out. */
    size_t used;
};

/* Not zeroed. `align` is a power of two of at most 16. */
void *ri_arena_take(struct ri_arena *arena, size_t size, size_t align);
void *ri_arena_zeroed(struct ri_arena *arena, size_t count, size_t size);
void ri_arena_reset(struct ri_arena *arena);

/* Where the host puts the arguments of a call. */
extern struct ri_arena ri_arguments;
/* What a call answers with; the host has read it before the next call. */
extern struct ri_arena ri_results;
/* Ends with the turn. */
extern struct ri_arena ri_turn;
/* Ends with the execution. */
extern struct ri_arena ri_execution;

/* Makes room for one more in an array that was taken: doubles `capacity` when `count` has reached it. */
void *ri_grow(void *items, size_t count, size_t *capacity, size_t item_size);

/* `count * size`; traps when there is no such number. */
size_t ri_times(size_t count, size_t size);

_Noreturn void ri_trap(void);

#endif
