(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "rondo:orchestration/orchestrator@0.1.0#describe") (result i32) (i32.const 8))
    (func (export "rondo:orchestration/orchestrator@0.1.0#start") (param i32) (result i32) unreachable)
    (func (export "rondo:orchestration/orchestrator@0.1.0#run") (param i32 i32) (result i32) unreachable))
