/* The component's exports, by the canonical ABI: arguments that are many or large come by address, and so do
 * results. */
#ifdef __wasm__

#include <string.h>

#include "guest.h"
#include "memory.h"

#define EXPORT(name) __attribute__((export_name(name)))
#define ORCHESTRATOR "rondo:orchestration/orchestrator@0.1.0#"
#define ACTIVITY "rondo:orchestration/activity@0.1.0#"

/* What an export has answered with last; the host has read it before the next call. */
static union {
    struct ri_wire_definitions definitions;
    struct ri_wire_result result;
    struct ri_wire_decided decided;
} answer;

EXPORT("cabi_realloc")
void *ri_export_realloc(void *block, size_t size, size_t align, size_t new_size)
{
    void *const grown = ri_arena_take(&ri_arguments, new_size, align);
    if (block) {
        memcpy(grown, block, size < new_size ? size : new_size);
    }
    return grown;
}

EXPORT(ORCHESTRATOR "describe")
const void *ri_export_describe_orchestrations(void)
{
    answer.definitions = ri_describe_orchestrations();
    return &answer;
}

EXPORT(ORCHESTRATOR "start")
const void *ri_export_start(const struct ri_wire_execution *execution)
{
    answer.result = ri_start(execution);
    ri_arena_reset(&ri_arguments);
    return &answer;
}

EXPORT(ORCHESTRATOR "run")
const void *ri_export_run(const struct ri_wire_turn *turns, size_t count)
{
    answer.decided = ri_run(turns, count);
    ri_arena_reset(&ri_arguments);
    return &answer;
}

EXPORT(ACTIVITY "describe")
const void *ri_export_describe_activities(void)
{
    answer.definitions = ri_describe_activities();
    return &answer;
}

EXPORT(ACTIVITY "run")
const void *ri_export_run_activity(const char *name, size_t name_size, int has_input, const char *input,
                                   size_t input_size, const char *instance, size_t instance_size, const char *execution,
                                   size_t execution_size, uint32_t task, uint32_t attempt)
{
    const struct ri_wire_call call = {{instance, instance_size}, {execution, execution_size}, task, attempt};
    const struct ri_option_text payload = {has_input != 0, {input, input_size}};
    answer.result = ri_run_activity((struct ri_text){name, name_size}, payload, &call);
    ri_arena_reset(&ri_arguments);
    return &answer;
}

#else

/* Standard C wants something in every file. */
typedef int ri_no_exports;

#endif
