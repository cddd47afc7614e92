;; For tests: an activity `rest` whose `describe` asks the system of preview 1 for this and that.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "rest")
  ;; A list of one definition: its name, and an empty description.
  (data (i32.const 64) "\50\00\00\00\01\00\00\00")
  (data (i32.const 80) "\08\00\00\00\04\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func $succeeds (param i32)
    (if (local.get 0) (then unreachable)))
  (func (export "rondo:orchestration/activity@0.1.0#describe") (result i32)
    (call $succeeds (call $write (i32.const 1) (i32.const 80) (i32.const 1) (i32.const 128)))
    (call $succeeds (call $random (i32.const 128) (i32.const 8)))
    (call $succeeds (call $clock (i32.const 0) (i64.const 0) (i32.const 128)))
    (call $succeeds (call $environ (i32.const 128) (i32.const 132)))
    i32.const 64 ;; the list
  )
  (func (export "rondo:orchestration/activity@0.1.0#run")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    ;; `ok` of no payload: zeroes.
    i32.const 256)
)
