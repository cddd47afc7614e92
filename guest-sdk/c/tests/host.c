#include "host.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { TURNS_MAX = 64, EVENTS_MAX = 16, LINE_MAX_BYTES = 8192 };

/* Everything since `start`, for the replay. */
static struct {
    struct ri_wire_execution execution;
    struct ri_wire_turn turns[TURNS_MAX];
    struct ri_wire_event events[TURNS_MAX][EVENTS_MAX];
    char lines[TURNS_MAX][LINE_MAX_BYTES];
    size_t count;
    size_t event_count;
} history;

void check(const char *file, int line, const char *condition, bool holds)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
        exit(1);
    }
}

void check_text(const char *file, int line, const char *text, const char *expected)
{
    if (!text || strcmp(text, expected) != 0) {
        fprintf(stderr, "%s:%d:\n  expected: %s\n  actual:   %s\n", file, line, expected, text ? text : "(nothing)");
        exit(1);
    }
}

const char *text_of(rondo_json value)
{
    static char texts[2][LINE_MAX_BYTES];
    static int next;
    next = !next;
    snprintf(texts[next], LINE_MAX_BYTES, "%.*s", (int)value.size, value.size ? value.text : "");
    return texts[next];
}

struct ri_text wire(const char *text) { return (struct ri_text){text, text ? strlen(text) : 0}; }

static struct ri_option_text option(const char *text) { return (struct ri_option_text){text != NULL, wire(text)}; }

struct ri_wire_result start_execution(const struct ri_wire_execution *execution)
{
    memset(&history, 0, sizeof history);
    history.execution = *execution;
    return ri_start(execution);
}

struct ri_wire_result start(const char *name, const char *input)
{
    const struct ri_wire_execution execution = {
        .instance_id = wire("test-1"),
        .execution_id = wire("00112233445566778899aabbccddeeff"),
        .name = wire(name),
        .input = option(input),
    };
    return start_execution(&execution);
}

static struct ri_wire_event *next_event(enum ri_event_case tag, uint32_t task)
{
    CHECK(history.count < TURNS_MAX && history.event_count < EVENTS_MAX);
    struct ri_wire_event *const event = &history.events[history.count][history.event_count++];
    event->tag = (uint8_t)tag;
    event->task = task;
    return event;
}

void completed(uint32_t task, const char *output)
{
    next_event(RI_ACTIVITY_COMPLETED, task)->as.output = option(output);
}

void raised(uint32_t task, const char *data) { next_event(RI_EVENT_RAISED, task)->as.output = option(data); }

void fired(uint32_t task) { next_event(RI_TIMER_FIRED, task); }

void failed(uint32_t task, const char *kind)
{
    next_event(RI_ACTIVITY_FAILED, task)->as.failure =
        (struct ri_wire_failure){.kind = wire(kind), .message = wire("because"), .details = option("why")};
}

/* A line in the making. */
struct line {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(line->text + line->size, LINE_MAX_BYTES - line->size, format, arguments);
    va_end(arguments);
    CHECK(size >= 0 && line->size + (size_t)size < LINE_MAX_BYTES);
    line->size += (size_t)size;
}

static void add_text(struct line *line, struct ri_text text)
{
    add(line, " %.*s", (int)text.size, text.size ? text.data : "");
}

static void add_option(struct line *line, const char *before, struct ri_option_text text)
{
    if (text.some) {
        add(line, "%s", before);
        add_text(line, text.value);
    }
}

static void add_retry(struct line *line, const struct ri_option_retry *retry)
{
    const struct ri_wire_retry *const value = &retry->value;
    if (retry->some) {
        add(line, " retry %" PRIu32 " %" PRIu64 " x%g", value->max_attempts, value->first_interval,
            value->backoff_coefficient);
        for (size_t index = 0; index < value->non_retriable_kinds.count; index++) {
            add_text(line, value->non_retriable_kinds.items[index]);
        }
    }
}

static void add_failure(struct line *line, const struct ri_wire_failure *failure)
{
    add_text(line, failure->kind);
    add(line, ":");
    add_text(line, failure->message);
    add_option(line, " details", failure->details);
    add(line, "%s", failure->non_retriable ? " final" : "");
}

static void add_child(struct line *line, const struct ri_wire_action *action)
{
    add(line, "%s %" PRIu32, action->as.start_child.detached ? "detached" : "child", action->as.start_child.task);
    add_text(line, action->as.start_child.name);
    add_option(line, " as", action->as.start_child.instance_id);
    add_option(line, " version", action->as.start_child.version);
    add_option(line, "", action->as.start_child.input);
    for (size_t index = 0; index < action->as.start_child.tags.count; index++) {
        add_text(line, action->as.start_child.tags.items[index].key);
        add(line, "=");
        add_text(line, action->as.start_child.tags.items[index].value);
    }
    add_retry(line, &action->as.start_child.retry);
}

static void add_action(struct line *line, const struct ri_wire_action *action)
{
    add(line, "%s", line->size > 0 ? "; " : "");
    switch ((enum ri_action_case)action->tag) {
    case RI_SCHEDULE_ACTIVITY:
        add(line, "activity %" PRIu32, action->as.schedule_activity.task);
        add_text(line, action->as.schedule_activity.name);
        add_option(line, "", action->as.schedule_activity.input);
        add_retry(line, &action->as.schedule_activity.retry);
        break;
    case RI_CREATE_TIMER:
        add(line, "timer %" PRIu32 " %" PRIu64, action->as.create_timer.task, action->as.create_timer.fire_at);
        break;
    case RI_START_CHILD:
        add_child(line, action);
        break;
    case RI_WAIT_EVENT:
        add(line, "wait %" PRIu32, action->as.wait_event.task);
        add_text(line, action->as.wait_event.name);
        break;
    case RI_SEND_EVENT:
        add(line, "send %" PRIu32, action->as.send_event.task);
        add_text(line, action->as.send_event.instance_id);
        add_text(line, action->as.send_event.name);
        add_option(line, "", action->as.send_event.data);
        break;
    case RI_CANCEL:
        add(line, "cancel %" PRIu32, action->as.cancel);
        break;
    case RI_SET_CUSTOM_STATUS:
        add(line, "status");
        add_option(line, "", action->as.set_custom_status);
        break;
    case RI_LOG:
        add(line, "log %d", action->as.log.level);
        add_text(line, action->as.log.message);
        break;
    case RI_CONTINUE_AS_NEW:
        add(line, "continue%s", action->as.continue_as_new.keep_events ? "" : " dropping");
        add_option(line, " version", action->as.continue_as_new.version);
        add_option(line, "", action->as.continue_as_new.input);
        break;
    case RI_COMPLETE:
        add(line, "complete");
        add_option(line, "", action->as.complete);
        break;
    case RI_FAIL:
        add(line, "fail");
        add_failure(line, &action->as.fail);
        break;
    }
}

static void render(char *text, const struct ri_wire_actions *actions)
{
    struct line line = {.text = text};
    text[0] = 0;
    for (size_t index = 0; index < actions->count; index++) {
        add_action(&line, &actions->items[index]);
    }
}

void turn(const char *file, int line, uint64_t now, const char *expected)
{
    CHECK(history.count < TURNS_MAX);
    struct ri_wire_turn *const taken = &history.turns[history.count];
    taken->now = now;
    taken->events.items = history.events[history.count];
    taken->events.count = history.event_count;
    const struct ri_wire_decided decided = ri_run(taken, 1);
    CHECK(decided.count == 1);
    char *const text = history.lines[history.count];
    render(text, &decided.items[0]);
    check_text(file, line, text, expected);
    history.count++;
    history.event_count = 0;
}

void replay(const char *file, int line)
{
    static char text[LINE_MAX_BYTES];
    CHECK(!ri_start(&history.execution).is_failure);
    const struct ri_wire_decided decided = ri_run(history.turns, history.count);
    CHECK(decided.count == history.count);
    for (size_t index = 0; index < history.count; index++) {
        render(text, &decided.items[index]);
        check_text(file, line, text, history.lines[index]);
    }
}
