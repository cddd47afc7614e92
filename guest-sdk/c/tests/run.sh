#!/bin/sh
# Compiles the SDK and its tests for this machine and runs them, with sanitizers where the compilers have them.
# CC and CXX choose compilers, for example CC="zig cc" CXX="zig c++"; where there are none, those of pip's Zig will do.
set -eu
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc=${CC:-$(command -v cc || echo python-zig cc)}
cxx=${CXX:-$(command -v c++ || echo python-zig c++)}
flags="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -g -O1 -I ../include"
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all"
echo 'int main(void) { return 0; }' >"$build/probe.c"
# shellcheck disable=SC2086
{
    $cc $sanitizers -c "$build/probe.c" -o "$build/probe.o" &&
        $cxx $sanitizers "$build/probe.o" -o "$build/probe" &&
        "$build/probe"
} 2>"$build/why" || {
    echo "no sanitizers here"
    sanitizers=""
}
# Once with the memory that guests have, once with one that lets sanitizers see each piece of it.
for memory in "" -DRONDO_CHECKED; do
    rm -rf "$build/objects"
    mkdir -p "$build/objects/src"
    for file in *.c ../src/*.c; do
        # shellcheck disable=SC2086
        $cc -std=c11 $flags $sanitizers $memory -I ../src -c "$file" -o "$build/objects/${file#../}.o"
    done
    # shellcheck disable=SC2086
    $cxx -std=c++20 $flags $sanitizers $memory -fno-exceptions -fno-rtti -I ../src \
        -c coroutines.cc -o "$build/objects/coroutines.cc.o"
    # shellcheck disable=SC2086
    $cxx $sanitizers "$build"/objects/*.o "$build"/objects/src/*.o -lm -o "$build/tests"
    # What an execution takes is given back with it, and there is only one.
    ASAN_OPTIONS=detect_leaks=0 "$build/tests"
done
for standard in c++11 c++20; do
    # shellcheck disable=SC2086
    $cxx -std=$standard $flags -c header.cc -o "$build/header.o"
done
echo "the header is good for C++"
# A task that is a call would be begun again in every turn: the macros refuse it.
cat >"$build/refused.c" <<'REFUSED'
#include "rondo.h"
rondo_step run(rondo_context *ctx, rondo_flow *flow);
rondo_step run(rondo_context *ctx, rondo_flow *flow)
{
    RONDO_BEGIN(ctx, flow);
    RONDO_AWAIT(rondo_timer(ctx, 1));
    RONDO_END;
}
REFUSED
if $cc -std=c11 -I ../include -c "$build/refused.c" -o "$build/refused.o" 2>"$build/why"; then
    echo "a call was taken for a task"
    exit 1
fi
