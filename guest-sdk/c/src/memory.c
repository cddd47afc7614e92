/* Blocks of the sizes 16, 32, 64, ..., with a list of free ones for each size, and arenas made of them.
 *
 * The first memory is part of every guest, so that most guests never grow: the host has to undo growth before the place
 * can be another guest's, with calls to the operating system that stop its other threads. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rondo.h"

enum {
    BLOCK_MIN_BITS = 4,
    /* Together with a stack of 64 KiB and the C library's data it stays within two pages of WebAssembly. */
    FIRST_BYTES = 48 * 1024,
    /* What is asked of the C library at once when the first memory is used up. */
    REGION_BYTES = 64 * 1024 - 256,
    CHUNK_MIN = 1024,
    CHUNK_MAX = 256 * 1024
};

struct ri_chunk {
    struct ri_chunk *before;
    size_t size;
};

/* The chunk's own fields, rounded up to the largest alignment. */
#define CHUNK_HEAD 16

_Static_assert(sizeof(struct ri_chunk) <= CHUNK_HEAD, "the head has room for the fields");

struct ri_arena ri_arguments;
struct ri_arena ri_results;
struct ri_arena ri_turn;
struct ri_arena ri_execution;

void ri_trap(void)
{
#ifdef __wasm__
    __builtin_trap();
#else
    abort();
#endif
}

size_t ri_times(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        ri_trap();
    }
    return count * size;
}

#ifdef RONDO_CHECKED

/* For tests: everything is a block of its own, of exactly its size, so that sanitizers see what goes beyond it. */
void *ri_take(size_t size)
{
    void *const block = malloc(size > 0 ? size : 1);
    if (!block) {
        ri_trap();
    }
    return block;
}

void ri_give(void *block, size_t size)
{
    (void)size;
    free(block);
}

static size_t chunk_size(size_t needed, const struct ri_chunk *last)
{
    (void)last;
    return needed;
}

#else

struct free_block {
    struct free_block *next;
};

static _Alignas(16) char first[FIRST_BYTES];
static char *region = first;
static size_t region_left = FIRST_BYTES;
static struct free_block *free_blocks[sizeof(size_t) * 8];

/* The number of the smallest power of two that is not smaller. */
static unsigned bits_of(size_t size)
{
    unsigned bits = BLOCK_MIN_BITS;
    while (bits < sizeof(size_t) * 8 && ((size_t)1 << bits) < size) {
        bits++;
    }
    if (bits == sizeof(size_t) * 8) {
        ri_trap();
    }
    return bits;
}

void *ri_take(size_t size)
{
    const unsigned bits = bits_of(size);
    struct free_block *const block = free_blocks[bits];
    if (block) {
        free_blocks[bits] = block->next;
        return block;
    }
    const size_t bytes = (size_t)1 << bits;
    if (bytes > region_left) {
        /* A large one does not cost the region what is left of it. */
        char *const more = malloc(bytes > REGION_BYTES ? bytes : REGION_BYTES);
        if (!more) {
            ri_trap();
        }
        if (bytes > REGION_BYTES) {
            return more;
        }
        region = more;
        region_left = REGION_BYTES;
    }
    void *const taken = region;
    region += bytes;
    region_left -= bytes;
    return taken;
}

void ri_give(void *block, size_t size)
{
    if (block) {
        struct free_block *const given = block;
        const unsigned bits = bits_of(size);
        given->next = free_blocks[bits];
        free_blocks[bits] = given;
    }
}

/* Twice the last one, within bounds; more if more is needed at once. */
static size_t chunk_size(size_t needed, const struct ri_chunk *last)
{
    size_t size = last ? last->size * 2 : CHUNK_MIN;
    size = size > CHUNK_MAX ? CHUNK_MAX : size;
    return (size_t)1 << bits_of(size > needed ? size : needed);
}

#endif

void *ri_grow(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity) {
        return items;
    }
    const size_t before = *capacity * item_size;
    const size_t wanted = *capacity ? ri_times(*capacity, 2) : 8;
    void *const grown = ri_take(ri_times(wanted, item_size));
    if (items) {
        memcpy(grown, items, before);
        ri_give(items, before);
    }
    *capacity = wanted;
    return grown;
}

void *ri_arena_take(struct ri_arena *arena, size_t size, size_t align)
{
    size_t start = (arena->used + align - 1) & ~(align - 1);
    if (!arena->last || start > arena->last->size || size > arena->last->size - start) {
        if (size > SIZE_MAX - CHUNK_HEAD) {
            ri_trap();
        }
        const size_t wanted = chunk_size(size + CHUNK_HEAD, arena->last);
        struct ri_chunk *const chunk = ri_take(wanted);
        chunk->before = arena->last;
        chunk->size = wanted;
        arena->last = chunk;
        start = CHUNK_HEAD;
    }
    arena->used = start + size;
    return (char *)arena->last + start;
}

void *ri_arena_zeroed(struct ri_arena *arena, size_t count, size_t size)
{
    const size_t bytes = ri_times(count, size);
    return memset(ri_arena_take(arena, bytes, 16), 0, bytes);
}

void ri_arena_reset(struct ri_arena *arena)
{
    while (arena->last) {
        struct ri_chunk *const chunk = arena->last;
        arena->last = chunk->before;
        ri_give(chunk, chunk->size);
    }
    arena->used = 0;
}

void *rondo_alloc(size_t size) { return ri_arena_zeroed(&ri_execution, 1, size); }

void *rondo_alloc_array(size_t count, size_t size) { return ri_arena_zeroed(&ri_execution, count, size); }
