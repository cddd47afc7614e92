(module
    (memory (export "memory") 1)
    (data (i32.const 8) "\10\00\00\00\01\00\00\00\20\00\00\00\01\00\00\00\00\00\00\00\00\00\00\00a")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "rondo:orchestration/activity@0.1.0#describe") (result i32) (i32.const 8))
    (func (export "rondo:orchestration/activity@0.1.0#run") (param i32) (result i32) (i32.const 512)))
