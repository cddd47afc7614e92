/* A host for tests: gives turns to the guest and writes down what it decides.
 *
 * A test starts an orchestration, takes turns, and says what it expects of each as one line, for example
 * "activity 0 charge 5; timer 1 60000". At its end, `replay` gives all turns to a fresh guest at once and expects the
 * same.
 */
#ifndef RONDO_TESTS_HOST_H
#define RONDO_TESTS_HOST_H

#include "guest.h"
#include "rondo.h"

/* Starts an execution with the id 00112233445566778899aabbccddeeff. `input` may be NULL. */
struct ri_wire_result start(const char *name, const char *input);
struct ri_wire_result start_execution(const struct ri_wire_execution *execution);

/* Events of the next turn. `output` may be NULL. */
void completed(uint32_t task, const char *output);
void raised(uint32_t task, const char *data);
void fired(uint32_t task);
void failed(uint32_t task, const char *kind);

/* Takes a turn with these events; checks what is decided. */
#define TURN(now, expected) turn(__FILE__, __LINE__, now, expected)
void turn(const char *file, int line, uint64_t now, const char *expected);

#define REPLAY() replay(__FILE__, __LINE__)
void replay(const char *file, int line);

#define CHECK(condition) check(__FILE__, __LINE__, #condition, condition)
void check(const char *file, int line, const char *condition, bool holds);

#define CHECK_TEXT(text, expected) check_text(__FILE__, __LINE__, text, expected)
void check_text(const char *file, int line, const char *text, const char *expected);

/* With a zero behind it; lives until the next two calls. */
const char *text_of(rondo_json value);
struct ri_text wire(const char *text);

void test_activities(void);
void test_coroutines(void);
void test_json(void);
void test_memory(void);
void test_orchestrations(void);
void test_random(void);
void test_texts(void);

void offer_for_orchestrations(void);
void offer_for_activities(void);
void offer_for_coroutines(void);

#endif
