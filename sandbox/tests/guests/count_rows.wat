;; Honest: reads column 0 of the table `t` to its end and returns nothing.
(module
  (import "qianmo:model/dataset@0.1.0" "open" (func $open (param i32 i32 i32)))
  (import "qianmo:model/dataset@0.1.0" "[method]table.scan" (func $scan (param i32 i32 i32 i32 i32)))
  (import "qianmo:model/dataset@0.1.0" "[method]reader.next" (func $next (param i32 i32)))
  (memory (export "memory") 40)
  (data (i32.const 64) "t")
  (global $free (mut i32) (i32.const 4096))
  ;; Everything but the last batch is forgotten.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "run") (result i32)
    (local $reader i32)
    (call $open (i32.const 64) (i32.const 1) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    ;; The list of columns is the zero at 96.
    (call $scan (i32.load (i32.const 132)) (i32.const 96) (i32.const 1) (i32.const 0) (i32.const 160))
    (if (i32.load8_u (i32.const 160)) (then unreachable))
    (local.set $reader (i32.load (i32.const 164)))
    (loop $again
      (global.set $free (i32.const 4096))
      (call $next (local.get $reader) (i32.const 192))
      (if (i32.load8_u (i32.const 192)) (then unreachable))
      (br_if $again (i32.load8_u (i32.const 196))))
    (i32.const 0)))
