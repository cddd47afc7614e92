// Fan-out and fan-in: all images of an album are scaled down at the same time, then counted together.
#include <string.h>

#include "examples.h"

struct album {
    rondo_flow flow;
    rondo_json images;
    size_t count;
    rondo_task *tasks;
};

static bool read_album(rondo_json input, void *state)
{
    struct album *self = state;
    int64_t longest_side;
    self->images = rondo_member(input, "images");
    self->count = rondo_length(self->images);
    return rondo_is_array(self->images) && rondo_read_i64(rondo_member(input, "longest_side"), &longest_side);
}

static void begin_all(rondo_context *ctx, struct album *self)
{
    self->tasks = rondo_alloc_array(self->count, sizeof *self->tasks);
    rondo_items images = rondo_items_of(self->images);
    rondo_json image;
    for (size_t index = 0; rondo_next(&images, &image); index++) {
        rondo_writer job = rondo_object();
        rondo_put(&job, "image", image);
        rondo_put(&job, "longest_side", rondo_member(rondo_input(ctx), "longest_side"));
        self->tasks[index] = rondo_activity(ctx, "scale_down", rondo_end(&job), NULL);
    }
}

static rondo_step count_together(rondo_context *ctx, const struct album *self)
{
    rondo_writer thumbnails = rondo_array();
    rondo_writer skipped = rondo_array();
    int64_t pixels = 0;
    rondo_items images = rondo_items_of(self->images);
    rondo_json image;
    for (size_t index = 0; rondo_next(&images, &image); index++) {
        const rondo_failure *const failure = rondo_failure_of(ctx, self->tasks[index]);
        if (failure && strcmp(failure->kind, "not-an-image") == 0) {
            rondo_push(&skipped, rondo_member(image, "file"));
            continue;
        }
        if (failure) {
            return rondo_fail_as(ctx, self->tasks[index]);
        }
        const rondo_json thumbnail = rondo_output(ctx, self->tasks[index]);
        int64_t width;
        int64_t height;
        if (!rondo_read_i64(rondo_member(thumbnail, "width"), &width) ||
            !rondo_read_i64(rondo_member(thumbnail, "height"), &height)) {
            return rondo_invalid_output(ctx);
        }
        rondo_push(&thumbnails, thumbnail);
        pixels += width * height;
    }
    rondo_writer sheet = rondo_object();
    rondo_put(&sheet, "thumbnails", rondo_end(&thumbnails));
    rondo_put(&sheet, "skipped", rondo_end(&skipped));
    rondo_put(&sheet, "pixels", rondo_number(pixels));
    return rondo_complete(ctx, rondo_end(&sheet));
}

static rondo_step contact_sheet(rondo_context *ctx, void *state)
{
    struct album *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    // All of them are scheduled in this turn; waiting comes later.
    begin_all(ctx, self);
    RONDO_SETTLE_ALL(self->tasks, self->count);
    return count_together(ctx, self);
    RONDO_END;
}

static int64_t scaled(int64_t side, int64_t longest, int64_t limit)
{
    const int64_t small = side * (limit < longest ? limit : longest) / longest;
    return small > 1 ? small : 1;
}

static rondo_result scale_down(const rondo_call *call, rondo_json input)
{
    (void)call;
    const rondo_json image = rondo_member(input, "image");
    const char *file;
    int64_t width;
    int64_t height;
    int64_t limit;
    if (!rondo_read_string(rondo_member(image, "file"), &file) ||
        !rondo_read_i64(rondo_member(image, "width"), &width) ||
        !rondo_read_i64(rondo_member(image, "height"), &height) ||
        !rondo_read_i64(rondo_member(input, "longest_side"), &limit)) {
        return rondo_invalid_input();
    }
    if (width <= 0 || height <= 0) {
        return rondo_failed(rondo_final_error("not-an-image", rondo_format("%s has no pixels", file)));
    }
    const int64_t longest = width > height ? width : height;
    rondo_writer thumbnail = rondo_object();
    rondo_put(&thumbnail, "file", rondo_string(rondo_format("small/%s", file)));
    rondo_put(&thumbnail, "width", rondo_number(scaled(width, longest, limit)));
    rondo_put(&thumbnail, "height", rondo_number(scaled(height, longest, limit)));
    return rondo_ok(rondo_end(&thumbnail));
}

void offer_fan_out(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "contact_sheet",
        .description = "Makes thumbnails of all images of an album at once.",
        .run = contact_sheet,
        .state_size = sizeof(struct album),
        .read = read_album,
    });
    rondo_offer_activity("scale_down", "Makes one thumbnail.", scale_down);
}
