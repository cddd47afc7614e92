;; WASI preview 1 for modules whose toolchain cannot do without it.
;;
;; It imports nothing but the memory of the module it serves. There are no arguments, variables, files or sockets;
;; standard input is at its end. Nobody waits: a sleep is over at once. Ending the process traps.
;;
;; Time, randomness and output are the guest's own affair. An SDK that wants to serve them calls `rondo_attach` once with
;; the address of a block of 48 bytes that stays where it is:
;;
;;    0  u64      what every clock says, in nanoseconds since 1970; not 0, at which some runtimes refuse to start
;;    8  u64      the state of the random numbers, not 0; drawing moves it on
;;   16  u32 x 4  standard output: a buffer's address, its size, the bytes in it, and the bytes that found no room
;;   32  u32 x 4  standard error: the same
;;
;; Until then every clock says 1, random numbers are the same in every guest, and output is dropped.
(module
  (import "env" "memory" (memory 0))

  ;; Error numbers of preview 1: 0 is success, 8 is `badf`, 28 is `inval`, 58 is `notsup`.

  (global $block (mut i32) (i32.const 0))
  (global $own_state (mut i64) (i64.const 0x9E3779B97F4A7C15))

  (func (export "rondo_attach") (param $block i32)
    (global.set $block (local.get $block)))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $at i32) (result i32)
    (i64.store (local.get $at)
      (if (result i64) (global.get $block)
        (then (i64.load (global.get $block)))
        (else (i64.const 1))))
    (i32.const 0))
  ;; A millisecond, as the clock of turns.
  (func (export "clock_res_get") (param $clock i32) (param $at i32) (result i32)
    (i64.store (local.get $at) (i64.const 1000000))
    (i32.const 0))

  ;; xorshift64*: one word of state, which is never 0.
  (func $step (param $state i64) (result i64)
    (local.set $state (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 12))))
    (local.set $state (i64.xor (local.get $state) (i64.shl (local.get $state) (i64.const 25))))
    (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 27))))
  (func $draw_byte (result i32)
    (local $state i64)
    (if (global.get $block)
      (then
        (local.set $state (call $step (i64.load offset=8 (global.get $block))))
        (i64.store offset=8 (global.get $block) (local.get $state)))
      (else
        (local.set $state (call $step (global.get $own_state)))
        (global.set $own_state (local.get $state))))
    ;; The highest bits are the best.
    (i32.wrap_i64 (i64.shr_u (i64.mul (local.get $state) (i64.const 0x2545F4914F6CDD1D)) (i64.const 56))))

  (func (export "random_get") (param $at i32) (param $bytes i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (block $full
      (loop $next
        (br_if $full (i32.ge_u (local.get $at) (local.get $end)))
        (i32.store8 (local.get $at) (call $draw_byte))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  (func $no_strings (param $count_at i32) (param $bytes_at i32) (result i32)
    (i32.store (local.get $count_at) (i32.const 0))
    (i32.store (local.get $bytes_at) (i32.const 0))
    (i32.const 0))
  (export "args_sizes_get" (func $no_strings))
  (export "environ_sizes_get" (func $no_strings))
  (func $nothing_to_copy (param i32 i32) (result i32) (i32.const 0))
  (export "args_get" (func $nothing_to_copy))
  (export "environ_get" (func $nothing_to_copy))

  (func $is_standard (param $fd i32) (result i32)
    (i32.le_u (local.get $fd) (i32.const 2)))

  ;; A character device that may do everything: a terminal that nobody looks at.
  (func (export "fd_fdstat_get") (param $fd i32) (param $at i32) (result i32)
    (if (i32.eqz (call $is_standard (local.get $fd))) (then (return (i32.const 8))))
    (i64.store (local.get $at) (i64.const 2))
    (i64.store offset=8 (local.get $at) (i64.const -1))
    (i64.store offset=16 (local.get $at) (i64.const -1))
    (i32.const 0))

  ;; Every byte counts as written, also the one that is not kept.
  (func (export "fd_write") (param $fd i32) (param $vectors i32) (param $count i32) (param $written_at i32) (result i32)
    (local $bytes i32)
    (local $written i32)
    (if (i32.or (i32.eqz (local.get $fd)) (i32.eqz (call $is_standard (local.get $fd)))) (then (return (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $bytes (i32.load offset=4 (local.get $vectors)))
        (call $keep (local.get $fd) (i32.load (local.get $vectors)) (local.get $bytes))
        (local.set $written (i32.add (local.get $written) (local.get $bytes)))
        (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written_at) (local.get $written))
    (i32.const 0))

  ;; Appends to the buffer of standard output (1) or error (2), whole or not at all.
  (func $keep (param $fd i32) (param $from i32) (param $bytes i32)
    (local $buffer i32)
    (local $used i32)
    (if (i32.eqz (global.get $block)) (then (return)))
    (local.set $buffer (i32.add (global.get $block) (i32.mul (local.get $fd) (i32.const 16))))
    (local.set $used (i32.load offset=8 (local.get $buffer)))
    (if (i32.gt_u (local.get $bytes) (i32.sub (i32.load offset=4 (local.get $buffer)) (local.get $used)))
      (then
        (i32.store offset=12 (local.get $buffer) (i32.add (i32.load offset=12 (local.get $buffer)) (local.get $bytes)))
        (return)))
    (memory.copy (i32.add (i32.load (local.get $buffer)) (local.get $used)) (local.get $from) (local.get $bytes))
    (i32.store offset=8 (local.get $buffer) (i32.add (local.get $used) (local.get $bytes))))

  (func (export "fd_read") (param $fd i32) (param $vectors i32) (param $count i32) (param $read_at i32) (result i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (i32.store (local.get $read_at) (i32.const 0))
    (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))
  ;; Asked for by the Go bindings around a call.
  (func (export "adapter_monotonic_clock_set_paused") (param i32))

  ;; No other file is open, and none can be.
  (func $badf_i (param i32) (result i32) (i32.const 8))
  (export "fd_close" (func $badf_i))
  (export "fd_datasync" (func $badf_i))
  (export "fd_sync" (func $badf_i))
  (func $badf_ii (param i32 i32) (result i32) (i32.const 8))
  (export "fd_fdstat_set_flags" (func $badf_ii))
  (export "fd_filestat_get" (func $badf_ii))
  (export "fd_prestat_get" (func $badf_ii))
  (export "fd_renumber" (func $badf_ii))
  (export "fd_tell" (func $badf_ii))
  (func $badf_il (param i32 i64) (result i32) (i32.const 8))
  (export "fd_filestat_set_size" (func $badf_il))
  (func $badf_ill (param i32 i64 i64) (result i32) (i32.const 8))
  (export "fd_allocate" (func $badf_ill))
  (export "fd_fdstat_set_rights" (func $badf_ill))
  (func $badf_illi (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (export "fd_advise" (func $badf_illi))
  (export "fd_filestat_set_times" (func $badf_illi))
  (func $badf_ilii (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (export "fd_seek" (func $badf_ilii))
  (func $badf_iiili (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (export "fd_pread" (func $badf_iiili))
  (export "fd_pwrite" (func $badf_iiili))
  (export "fd_readdir" (func $badf_iiili))
  (func $badf_iii (param i32 i32 i32) (result i32) (i32.const 8))
  (export "fd_prestat_dir_name" (func $badf_iii))
  (export "path_create_directory" (func $badf_iii))
  (export "path_remove_directory" (func $badf_iii))
  (export "path_unlink_file" (func $badf_iii))
  (func $badf_i5 (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (export "path_filestat_get" (func $badf_i5))
  (export "path_symlink" (func $badf_i5))
  (func $badf_i6 (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (export "path_readlink" (func $badf_i6))
  (export "path_rename" (func $badf_i6))
  (func $badf_i7 (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (export "path_link" (func $badf_i7))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))

  ;; Nor is there a network.
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 58))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 58))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 58))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 58))

  ;; The first of the subscriptions is answered at once; schedulers poll while they look for something to do.
  (func (export "poll_oneoff") (param $asked i32) (param $events i32) (param $count i32) (param $answered_at i32) (result i32)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 28))))
    (i64.store (local.get $events) (i64.load (local.get $asked)))
    ;; No error, and the kind of event that was asked for.
    (i64.store offset=8 (local.get $events) (i64.const 0))
    (i32.store8 offset=10 (local.get $events) (i32.load8_u offset=8 (local.get $asked)))
    (i32.store (local.get $answered_at) (i32.const 1))
    (i32.const 0))

  ;; A guest that gives up has no caller to tell but the host.
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) unreachable)
)
