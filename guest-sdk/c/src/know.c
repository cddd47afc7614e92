/* What an orchestration knows of itself and of the turn. */
#include <string.h>

#include "core.h"
#include "random.h"

uint64_t rondo_now(const rondo_context *ctx) { return ctx->now; }

rondo_json rondo_input(const rondo_context *ctx) { return ctx->input; }

const char *rondo_instance_id(const rondo_context *ctx) { return ctx->instance_id; }

const char *rondo_execution_id(const rondo_context *ctx) { return ctx->execution_id; }

const char *rondo_name(const rondo_context *ctx) { return ctx->name; }

const char *rondo_version(const rondo_context *ctx) { return ctx->version; }

size_t rondo_tag_count(const rondo_context *ctx) { return ctx->tag_count; }

rondo_tag rondo_tag_at(const rondo_context *ctx, size_t index)
{
    return index < ctx->tag_count ? ctx->tags[index] : (rondo_tag){NULL, NULL};
}

const char *rondo_tag_of(const rondo_context *ctx, const char *key)
{
    for (size_t index = 0; index < ctx->tag_count; index++) {
        if (strcmp(ctx->tags[index].key, key) == 0) {
            return ctx->tags[index].value;
        }
    }
    return NULL;
}

const rondo_parent *rondo_parent_of(const rondo_context *ctx) { return ctx->parent; }

static struct ri_draw draw(rondo_context *ctx) { return ri_draw_of(ctx->execution_id, ctx->drawn++); }

uint64_t rondo_random(rondo_context *ctx) { return draw(ctx).high; }

uint64_t rondo_random_below(rondo_context *ctx, uint64_t end) { return ri_below(draw(ctx).high, end); }

double rondo_random_double(rondo_context *ctx) { return (double)(draw(ctx).high >> 11) * 0x1p-53; }

rondo_uuid rondo_random_uuid(rondo_context *ctx)
{
    rondo_uuid uuid;
    ri_uuid(draw(ctx), uuid.text);
    return uuid;
}
