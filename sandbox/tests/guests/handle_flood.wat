;; Opens the table `t` again and again and closes it never.
(module
  (import "qianmo:model/dataset@0.1.0" "open" (func $open (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "t")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "run") (result i32)
    (loop $again (call $open (i32.const 64) (i32.const 1) (i32.const 128)) (br $again))
    (unreachable)))
