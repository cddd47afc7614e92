//! The template in Zig. The macros are for C: a function looks at its tasks by itself, and says that it waits.
const std = @import("std");
const rondo = @import("rondo");

/// All zero at first.
const Greeting = extern struct {
    has_begun: bool,
    count: usize,
    tasks: [*c]rondo.rondo_task,
};

fn greetAll(ctx: ?*rondo.rondo_context, state: ?*anyopaque) callconv(.c) rondo.rondo_step {
    const self: *Greeting = @ptrCast(@alignCast(state));
    if (!self.has_begun) {
        self.has_begun = true;
        self.count = rondo.rondo_length(rondo.rondo_input(ctx));
        self.tasks = @ptrCast(@alignCast(rondo.rondo_alloc_array(self.count, @sizeOf(rondo.rondo_task))));
        var names = rondo.rondo_items_of(rondo.rondo_input(ctx));
        var name: rondo.rondo_json = undefined;
        var index: usize = 0;
        while (rondo.rondo_next(&names, &name)) : (index += 1) {
            self.tasks[index] = rondo.rondo_activity(ctx, "greet", name, null);
        }
    }
    if (!rondo.rondo_all(ctx, self.tasks, self.count)) {
        return rondo.RONDO_WAITING;
    }
    const failed = rondo.rondo_first_failed(ctx, self.tasks, self.count);
    if (failed.number != 0) {
        return rondo.rondo_fail_as(ctx, failed);
    }
    var greetings = rondo.rondo_array();
    for (self.tasks[0..self.count]) |task| {
        rondo.rondo_push(&greetings, rondo.rondo_output(ctx, task));
    }
    return rondo.rondo_complete(ctx, rondo.rondo_end(&greetings));
}

fn greet(_: [*c]const rondo.rondo_call, input: rondo.rondo_json) callconv(.c) rondo.rondo_result {
    var name: [*c]const u8 = undefined;
    if (!rondo.rondo_read_string(input, &name)) {
        return rondo.rondo_invalid_input();
    }
    var buffer: [128]u8 = undefined;
    const greeting = std.fmt.bufPrintSentinel(&buffer, "Hello, {s}!", .{std.mem.span(name)}, 0) catch {
        return rondo.rondo_failed(rondo.rondo_final_error("name-too-long", null));
    };
    return rondo.rondo_ok(rondo.rondo_string(greeting.ptr));
}

export fn rondo_main() void {
    rondo.rondo_offer_orchestration(.{
        .name = "greeting",
        .run = greetAll,
        .state_size = @sizeOf(Greeting),
    });
    rondo.rondo_offer_activity("greet", null, greet);
}
