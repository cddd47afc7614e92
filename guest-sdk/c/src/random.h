/* Random numbers that replay the same: the n-th draw of an execution depends on nothing but its id and n. */
#ifndef RONDO_RANDOM_H
#define RONDO_RANDOM_H

#include <stdint.h>

struct ri_draw {
    uint64_t high;
    uint64_t low;
};

struct ri_draw ri_draw_of(const char *execution_id, uint64_t index);
uint64_t ri_below(uint64_t random, uint64_t end);
/* `text` has room for 36 characters and a zero. */
void ri_uuid(struct ri_draw draw, char *text);

#endif
