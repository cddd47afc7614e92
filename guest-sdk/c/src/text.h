/* Texts on their way in and out. */
#ifndef RONDO_TEXT_H
#define RONDO_TEXT_H

#include "memory.h"
#include "rondo.h"
#include "wire.h"

/* A copy with a zero behind it. */
const char *ri_text_in(struct ri_arena *arena, struct ri_text text);
/* The same of an optional text; NULL for none. */
const char *ri_option_in(struct ri_arena *arena, struct ri_option_text text);

/* Copies into the results, U+FFFD in place of every byte that is not UTF-8. NULL becomes the empty text. */
struct ri_text ri_text_out(const char *text);
struct ri_text ri_bytes_out(const char *text, size_t size);
/* None for NULL. */
struct ri_option_text ri_option_out(const char *text);
/* None for no value and for `null`. */
struct ri_option_text ri_payload_out(rondo_json value);
struct ri_wire_failure ri_failure_out(rondo_failure failure);

#endif
