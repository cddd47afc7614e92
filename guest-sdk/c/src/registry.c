#include "registry.h"

#include <string.h>

#include "guest.h"
#include "text.h"

struct activity {
    const char *name;
    const char *description;
    rondo_activity_function run;
};

static struct {
    bool is_filled;
    rondo_orchestration *orchestrations;
    size_t orchestration_count;
    size_t orchestration_capacity;
    struct activity *activities;
    size_t activity_count;
    size_t activity_capacity;
} registry;

static void fill(void)
{
    if (!registry.is_filled) {
        registry.is_filled = true;
        rondo_main();
    }
}

void rondo_offer_orchestration(rondo_orchestration offer)
{
    registry.orchestrations = ri_grow(registry.orchestrations, registry.orchestration_count,
                                      &registry.orchestration_capacity, sizeof offer);
    registry.orchestrations[registry.orchestration_count++] = offer;
}

void rondo_offer_activity(const char *name, const char *description, rondo_activity_function run)
{
    const struct activity offer = {name, description, run};
    registry.activities =
        ri_grow(registry.activities, registry.activity_count, &registry.activity_capacity, sizeof offer);
    registry.activities[registry.activity_count++] = offer;
}

static bool is(const char *name, struct ri_text text)
{
    return strlen(name) == text.size && memcmp(name, text.data, text.size) == 0;
}

const rondo_orchestration *ri_find_orchestration(struct ri_text name)
{
    fill();
    for (size_t index = 0; index < registry.orchestration_count; index++) {
        if (is(registry.orchestrations[index].name, name)) {
            return &registry.orchestrations[index];
        }
    }
    return NULL;
}

rondo_activity_function ri_find_activity(struct ri_text name)
{
    fill();
    for (size_t index = 0; index < registry.activity_count; index++) {
        if (is(registry.activities[index].name, name)) {
            return registry.activities[index].run;
        }
    }
    return NULL;
}

const char *ri_has_no(struct ri_text name)
{
    static const char words[] = "this component has no \"";
    char *const message = ri_arena_take(&ri_turn, sizeof words + name.size + 1, 1);
    memcpy(message, words, sizeof words - 1);
    memcpy(message + sizeof words - 1, name.data, name.size);
    memcpy(message + sizeof words - 1 + name.size, "\"", 2);
    return message;
}

struct ri_wire_definitions ri_describe_orchestrations(void)
{
    fill();
    ri_arena_reset(&ri_results);
    const size_t count = registry.orchestration_count;
    struct ri_wire_definition *const items = ri_arena_zeroed(&ri_results, count, sizeof *items);
    for (size_t index = 0; index < count; index++) {
        items[index].name = ri_text_out(registry.orchestrations[index].name);
        items[index].description = ri_text_out(registry.orchestrations[index].description);
    }
    return (struct ri_wire_definitions){items, count};
}

struct ri_wire_definitions ri_describe_activities(void)
{
    fill();
    ri_arena_reset(&ri_results);
    const size_t count = registry.activity_count;
    struct ri_wire_definition *const items = ri_arena_zeroed(&ri_results, count, sizeof *items);
    for (size_t index = 0; index < count; index++) {
        items[index].name = ri_text_out(registry.activities[index].name);
        items[index].description = ri_text_out(registry.activities[index].description);
    }
    return (struct ri_wire_definitions){items, count};
}
